import { expect, test } from 'bun:test';
import { forEachEngine } from '#test/storage.ts';
import { createWorld } from '#test/world.ts';

forEachEngine('what is known of visibility at once', (engine) => {
  test('only of who was joined then and is joined now is it said that they may see all', async () => {
    const world = await createWorld(engine);
    const { visibility, joined, timeline, directory } = world.rooms;
    const [alice, bob, eve] = [world.user('alice'), world.user('bob'), world.user('eve')];
    const roomId = await world.room(alice, { joinRule: 'public', historyVisibility: 'joined' });
    const { nid } = (await directory.find(roomId))!;
    await world.message(roomId, alice, 'before bob');
    const [early] = await timeline.newest(nid, 0, world.streams.current(), 1);
    await world.join(roomId, bob);
    await world.message(roomId, alice, 'with bob');
    const [late] = await timeline.newest(nid, 0, world.streams.current(), 1);
    for (const { userId } of [alice, bob, eve]) await joined.of(userId);
    // Nothing is known of the states before somebody has looked at them.
    expect(visibility.sawAllJoined([late!], bob.userId)).toBe(false);
    for (const { userId } of [alice, bob, eve]) await visibility.filter([early!, late!], userId);
    const saw = (events: readonly (typeof early)[]) =>
      [alice, bob, eve].map(({ userId }) =>
        visibility.sawAllJoined(
          events.map((event) => event!),
          userId,
        ),
      );
    expect(saw([early])).toEqual([true, false, false]);
    expect(saw([late])).toEqual([true, true, false]);
    expect(saw([late, early])).toEqual([true, false, false]);
    expect(saw([])).toEqual([false, false, false]);
    await world.leave(roomId, bob);
    expect(saw([late])).toEqual([true, false, false]);
  });
});
