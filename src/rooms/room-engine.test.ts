import { describe, expect, test } from 'bun:test';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CacheBudget } from '#platform/cache/index.ts';
import { systemClock } from '#platform/clock/index.ts';
import { seededRandom } from '#platform/random/index.ts';
import { openStorage } from '#platform/storage/index.ts';
import type { KeyId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import { ROOM_VERSIONS, type RoomVersion } from '#protocol/room-versions/index.ts';
import { signingKeyFromSeed } from '#protocol/signing/index.ts';
import { rooms as roomsMigration } from '../../migrations/0002-rooms.ts';
import { stateAuthEdges } from '../../migrations/0009-state-auth-edges.ts';
import { openRooms } from './index.ts';

const alice = '@alice:example.org' as UserId;

async function open() {
  const folder = await mkdtemp(join(tmpdir(), 'rooms-'));
  const storage = await openStorage(
    { engine: 'sqlite', path: join(folder, 'db.sqlite') },
    { migrations: [roomsMigration, stateAuthEdges], clock: systemClock },
  );
  const rooms = openRooms({
    storage,
    clock: systemClock,
    random: seededRandom('x'),
    serverName: 'example.org' as ServerName,
    signingKey: signingKeyFromSeed('ed25519:1' as KeyId, 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1'),
    caches: new CacheBudget(50_000_000),
    hooks: [],
    unsignedSources: { transactionIds: async () => new Map(), aggregations: async () => new Map() },
  });
  return { storage, rooms };
}

const creation = [
  { type: 'm.room.create', stateKey: '', sender: alice, content: {} },
  { type: 'm.room.member', stateKey: alice, sender: alice, content: { membership: 'join' } },
  { type: 'm.room.power_levels', stateKey: '', sender: alice, content: { users: {}, events: {} } },
];

describe('room engine', () => {
  for (const version of ['1', '6', '12'] as RoomVersion[]) {
    test(`a room of version ${version} is made, written to and read`, async () => {
      const { storage, rooms } = await open();
      const rules = ROOM_VERSIONS[version];
      const drafts = rules.privilegedCreators
        ? creation
        : creation.map((draft) =>
            draft.type === 'm.room.create'
              ? { ...draft, content: { creator: alice } }
              : draft.type === 'm.room.power_levels'
                ? { ...draft, content: { users: { [alice]: 100 } } }
                : draft,
          );
      const { roomId, appended } = await rooms.engine.create(rules, drafts);
      expect(appended.length).toBe(3);
      const sent = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          rooms.engine.send(roomId, { type: 'm.room.message', sender: alice, content: { body: `${n}` } }),
        ),
      );
      const room = (await rooms.directory.find(roomId))!;
      const timeline = await rooms.timeline.newest(room.nid, 0, rooms.streams.current(), 10);
      expect(timeline.map((event) => event.eventId)).toEqual(sent.slice(-10).map(({ event }) => event.eventId));
      expect(timeline.at(-1)!.depth).toBe(23);
      const again = await rooms.engine.send(roomId, creation[1]!);
      expect(again.deduplicated).toBe(true);
      await expect(
        rooms.engine.send(roomId, { type: 'm.room.message', sender: '@eve:example.org' as UserId, content: {} }),
      ).rejects.toThrow();
      expect((await rooms.visibility.filter(timeline, alice)).length).toBe(10);
      const texts = await rooms.clientEvents.serialize(timeline, { reader: { userId: alice, deviceId: undefined } });
      expect(JSON.parse(texts[0]!)).toMatchObject({ type: 'm.room.message', content: { body: '10' }, room_id: roomId });
      await storage[Symbol.asyncDispose]();
    });
  }

  test('when a batch fails, what was built on it fails too, and the room goes on from what is stored', async () => {
    const { storage, rooms } = await open();
    const { roomId } = await rooms.engine.create(ROOM_VERSIONS['12'], creation);
    const message = (body: string) => ({ type: 'm.room.message', sender: alice, content: { body } });
    const nothing = { sql: 'update rooms set version = version where room_nid = -1', parameters: [] };
    const results = await Promise.allSettled([
      rooms.engine.send(roomId, message('before')),
      rooms.engine.send(roomId, message('fails'), { contribute: (batch) => void batch.add(nothing, 1) }),
      rooms.engine.send(roomId, message('built on it')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    const { event } = await rooms.engine.send(roomId, message('after'));
    expect(event.depth).toBe(5);
    const { nid } = (await rooms.directory.find(roomId))!;
    const timeline = await rooms.timeline.newest(nid, 0, rooms.streams.current(), 10);
    expect(timeline.slice(3).map(({ content }) => content.body)).toEqual(['before', 'after']);
    await storage[Symbol.asyncDispose]();
  });

  test('a draft that is refused takes those before it along, and the room goes on while others are being stored', async () => {
    const { storage, rooms } = await open();
    const { roomId } = await rooms.engine.create(ROOM_VERSIONS['12'], creation);
    const name = (sender: UserId, text: string) => ({
      type: 'm.room.name',
      stateKey: '',
      sender,
      content: { name: text },
    });
    const under = rooms.engine.send(roomId, name(alice, 'first'));
    const refused = rooms.engine.append(roomId, [name(alice, 'never'), name('@eve:example.org' as UserId, 'x')]);
    const after = rooms.engine.send(roomId, { type: 'm.room.message', sender: alice, content: {} });
    await expect(refused).rejects.toThrow();
    expect((await under).event.depth).toBe(4);
    expect((await after).event.depth).toBe(5);
    expect((await (await rooms.current.of(roomId))!.get('m.room.name'))?.content).toEqual({ name: 'first' });
    await storage[Symbol.asyncDispose]();
  });

  test('an event’s id can be known before it is sent', async () => {
    const { storage, rooms } = await open();
    const { roomId } = await rooms.engine.create(ROOM_VERSIONS['11'], [
      creation[0]!,
      creation[1]!,
      { ...creation[2]!, content: { users: { [alice]: 100 } } },
    ]);
    const draft = { type: 'm.room.message', sender: alice, content: { body: 'x' }, originServerTs: 1234 };
    const [id, finish] = await rooms.engine.within(
      roomId,
      async (turn) => [await turn.preview(draft), await turn.append([draft])] as const,
    );
    expect((await finish())[0]!.event.eventId).toBe(id);
    await storage[Symbol.asyncDispose]();
  });
});
