import { expect, test } from 'bun:test';
import { forEachEngine } from '#test/storage.ts';
import { createWorld } from '#test/world.ts';
import { RoomEngine } from './room-engine.ts';

forEachEngine('a room that is not in memory', (engine) => {
  test('is opened once, however many write to it at the same moment', async () => {
    const world = await createWorld(engine);
    const alice = world.user('alice');
    const roomId = await world.room(alice);
    // As after a restart: nothing of the room is in memory.
    const { engine: warm, directory, current } = world.rooms;
    const cold = new RoomEngine(
      (warm as unknown as { dependencies: ConstructorParameters<typeof RoomEngine>[0] }).dependencies,
      directory,
      current,
    );
    const sent = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        cold.send(roomId, { type: 'm.room.message', sender: alice.userId, content: { body: `${n}` } }),
      ),
    );
    expect(new Set(sent.map(({ event }) => event.depth)).size).toBe(30);
    expect(cold.hotCount).toBe(1);
  });
});
