import { afterAll, expect, test } from 'bun:test';
import { VirtualClock } from '#platform/clock/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import { DUMMY_EVENT } from '#rooms/index.ts';
import { CrowdedRooms } from '#rooms/merge-crowded.ts';
import { type ComposedServer, composedServer } from '#test/contracts/composed-server.ts';
import { forEachEngine } from '#test/storage.ts';
import { message, receiving, roomIn, type Stage, setStage, syncOf, unreadOf } from './stage.ts';

const FORKS = 14;

async function crowd({ receive, start, bob }: Stage): Promise<void> {
  for (let fork = 0; fork < FORKS; fork++) await receive([start], message(bob, `${fork}`), 100 + fork);
}

async function endsOf({ server, roomId }: Stage): Promise<number> {
  return server.parts.rooms.engine.within(roomId, async ({ room }) => room.extremities.length);
}

forEachEngine('a room with too many forward extremities', (engine) => {
  let server: ComposedServer | undefined;
  afterAll(() => server?.[Symbol.asyncDispose]());
  const open = async (): Promise<Stage> => {
    server ??= await composedServer(await engine.newDatabase(), {}, undefined, receiving);
    return setStage(server);
  };

  test('gets few again in the background, and nobody is shown, told or taken to have said anything', async () => {
    const stage = await open();
    const { alice, eve, roomId } = stage;
    const rule = `/_matrix/client/v3/pushrules/global/room/${encodeURIComponent(roomId)}`;
    for (const user of [alice, eve]) {
      const { status } = await stage.server.send('PUT', rule, { token: user.token, body: { actions: ['notify'] } });
      expect(status).toBe(200);
    }
    await crowd(stage);
    expect(await endsOf(stage)).toBe(FORKS);
    const before = await syncOf(stage, eve);
    const unread = [await unreadOf(stage, alice), await unreadOf(stage, eve)];
    expect(unread[0]).toMatchObject({ notification_count: FORKS });
    await stage.server.parts.rooms.crowded.run();
    expect(await endsOf(stage)).toBeLessThanOrEqual(10);
    await stage.check();

    const sql = 'select sender from events where type = ?';
    const dummies = await stage.server.storage.reader.all<{ sender: string }>({ sql, parameters: [DUMMY_EVENT] });
    expect(dummies.map(({ sender }) => sender)).toEqual([alice.userId]);
    const after = await syncOf(stage, eve, { since: String(before.next_batch) });
    expect(roomIn(stage, after, 'join')).toBeUndefined();
    expect([await unreadOf(stage, alice), await unreadOf(stage, eve)]).toEqual(unread);
    const page = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=100`;
    expect((await stage.server.send('GET', page, { token: eve.token })).text).not.toContain(DUMMY_EVENT);
    expect(stage.server.errors).toEqual([]);
  });

  test('is left alone for a while where nothing can be done, and keeps no other from its turn', async () => {
    const stage = await open();
    await crowd(stage);
    const { rooms } = stage.server.parts;
    const clock = new VirtualClock();
    const stuck = '!stuck:there' as RoomId;
    const broken = '!broken:there' as RoomId;
    const asked: RoomId[] = [];
    const crowded = new CrowdedRooms(
      { crowded: async (bound, limit) => [stuck, broken, ...(await rooms.extremities.crowded(bound, limit))] },
      async (roomId) => {
        asked.push(roomId);
        if (roomId === broken) throw new Error('broken');
        return roomId === stuck ? 'stuck' : rooms.mergeExtremities(roomId);
      },
      clock,
    );
    const error = await crowded.run().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(AggregateError);
    expect(asked).toEqual([stuck, broken, stage.roomId]);
    expect(await endsOf(stage)).toBeLessThanOrEqual(10);
    await crowded.run();
    expect(asked.length).toBe(3);
    await clock.advance(24 * 3_600_000);
    await crowded.run().catch(() => undefined);
    expect(asked.slice(3)).toEqual([stuck, broken]);
    const aborted = new AbortController();
    aborted.abort();
    await clock.advance(24 * 3_600_000);
    await crowded.run(aborted.signal);
    expect(asked.length).toBe(5);
  });
});
