import { expect, test } from 'bun:test';
import { VirtualClock } from '#platform/clock/index.ts';
import type { Reader, Statement } from '#platform/storage/index.ts';
import type { Pdu } from '#protocol/events/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { ROOM_VERSIONS } from '#protocol/room-versions/index.ts';
import { authRank } from '#protocol/state-resolution/index.ts';
import {
  currentStateOf,
  extremitiesOf,
  forge,
  openHomeserver,
  publicRoom,
  ROOM_MIGRATIONS,
  signerOf,
  timelineOf,
} from '#test/simulation/test-homeserver.ts';
import { failureOf, forEachEngine, type TestEngine } from '#test/storage.ts';
import { type Draft, DUMMY_EVENT } from './index.ts';

const alice = '@alice:here' as UserId;
const bob = '@bob:there' as UserId;

const message = (sender: UserId, body: string): Draft => ({ type: 'm.room.message', sender, content: { body } });
const state = (sender: UserId, type: string, value: string, stateKey = ''): Draft => ({
  type,
  stateKey,
  sender,
  content: { value },
});

async function open(engine: TestEngine, powerLevels = {}) {
  const clock = new VirtualClock();
  const here = openHomeserver('here', await engine.open(ROOM_MIGRATIONS), { clock });
  const there = signerOf('there', clock);
  const levels = { users: { [bob]: 50 }, ...powerLevels };
  const { roomId } = await here.rooms.engine.create(ROOM_VERSIONS['11'], publicRoom('11', alice, levels));
  const receive = (...pdus: Pdu[]) =>
    here.rooms.engine.receive(
      roomId,
      pdus.map((json) => ({ json })),
    );
  const send = async (draft: Draft) => (await here.rooms.engine.send(roomId, draft)).event;
  const top = (await timelineOf(here, roomId)).at(-1)!;
  const join = { type: 'm.room.member', stateKey: bob, sender: bob, content: { membership: 'join' } };
  const [joined] = await receive(await forge(here, there, [top], join));
  if (joined?.kind !== 'accepted') throw new Error(JSON.stringify(joined));
  const { nid } = (await here.rooms.directory.find(roomId))!;
  const count = async (table: string, where = `room_nid = ${nid}`) =>
    Number(
      (await here.storage.reader.first<{ n: number }>({
        sql: `select count(*) as n from ${table} where ${where}`,
        parameters: [],
      }))!.n,
    );
  /** As many forks of the room, each with an event of its own. */
  const fork = async (forks: number, draft: (index: number) => Draft) => {
    const pdus: Pdu[] = [];
    for (let index = 0; index < forks; index++) {
      await clock.advance(5);
      pdus.push(await forge(here, there, [joined.event], draft(index)));
    }
    const verdicts = await receive(...pdus);
    expect(verdicts.filter(({ kind }) => kind !== 'accepted')).toEqual([]);
  };
  return { clock, here, there, roomId, nid, receive, send, start: joined.event, count, fork };
}

forEachEngine('forward extremities', (engine) => {
  test('an event of ours follows twenty at most, and the others stay beside it', async () => {
    const { here, roomId, fork, send } = await open(engine);
    await fork(30, (index) => state(bob, 'test.entry', `${index}`, `${index}`));
    expect((await extremitiesOf(here, roomId)).length).toBe(30);
    const before = await currentStateOf(here, roomId);
    expect(Object.keys(before).length).toBe(5 + 30);
    const first = await send(message(alice, 'first'));
    expect(first.prevEventIds.length).toBe(20);
    expect((await extremitiesOf(here, roomId)).length).toBe(11);
    expect(await currentStateOf(here, roomId)).toEqual(before);
    // What is sent on top of that follows all that is left, and sees all of the state.
    const second = await send(state(alice, 'test.entry', 'new', '0'));
    expect(second.prevEventIds.length).toBe(11);
    expect(second.unsigned?.replaces_state).toBe(before['test.entry 0']);
    expect(await extremitiesOf(here, roomId)).toEqual([second.eventId]);
  });

  test('a state event of ours beside other extremities is in force, for readers and for what comes next', async () => {
    const { here, roomId, fork, send } = await open(engine);
    await fork(25, (index) => message(bob, `${index}`));
    const sent = await send(state(alice, 'm.room.topic', 'ours'));
    expect((await (await here.rooms.current.of(roomId))!.get('m.room.topic'))?.eventId).toBe(sent.eventId);
    await here.rooms.engine.within(roomId, async ({ room }) => {
      expect((await room.state.get('m.room.topic'))?.eventId).toBe(sent.eventId);
    });
    expect((await send(message(alice, 'next'))).prevEventIds.length).toBe(6);
  });

  test('too many are merged by dummy events that nobody is shown', async () => {
    const { here, roomId, fork, nid } = await open(engine);
    await fork(30, (index) => state(bob, 'test.entry', `${index}`, `${index}`));
    const before = await currentStateOf(here, roomId);
    expect([...(await here.rooms.extremities.distribution())]).toEqual([[30, 1]]);
    expect(await here.rooms.extremities.crowded(10, 5)).toEqual([roomId]);
    expect(await here.rooms.mergeExtremities(roomId, 2)).toBe('merged');
    expect((await extremitiesOf(here, roomId)).length).toBeLessThanOrEqual(2);
    expect(await currentStateOf(here, roomId)).toEqual(before);
    expect(await here.rooms.extremities.crowded(10, 5)).toEqual([]);
    expect(await here.rooms.mergeExtremities(roomId, 2)).toBe('few');
    const timeline = await here.rooms.timeline.newest(nid, 0, Number.MAX_SAFE_INTEGER, 5);
    expect(timeline.at(-1)?.type).toBe(DUMMY_EVENT);
    const shown = await here.rooms.visibility.filter(timeline, alice);
    expect(shown.some(({ event }) => event.type === DUMMY_EVENT)).toBe(false);
  });

  test('where nobody may send one, old extremities are let go, the state staying as it is', async () => {
    const { here, roomId, fork, send } = await open(engine, { events_default: 0, events: { [DUMMY_EVENT]: 101 } });
    await fork(1, () => state(bob, 'm.room.topic', 'kept'));
    await fork(15, (index) => message(bob, `${index}`));
    const before = await currentStateOf(here, roomId);
    expect(await here.rooms.mergeExtremities(roomId, 5)).toBe('pruned');
    const left = await extremitiesOf(here, roomId);
    expect(left.length).toBeLessThanOrEqual(6);
    expect(await currentStateOf(here, roomId)).toEqual(before);
    expect((await send(message(alice, 'on'))).prevEventIds.toSorted()).toEqual(left);
  });
});

forEachEngine('the auth graph', (engine) => {
  test('ranks and edges of state events are stored, ours and theirs, and none of messages', async () => {
    const { here, roomId, fork, send, count } = await open(engine);
    await send(state(alice, 'm.room.topic', 'a'));
    await send(message(alice, 'x'));
    await fork(3, (index) => state(bob, 'test.entry', 'x', `${index}`));
    const events = await timelineOf(here, roomId);
    const byId = new Map(events.map((event) => [event.eventId, event]));
    let edges = 0;
    for (const event of events) {
      if (!event.isState) {
        expect(event.authRank).toBeUndefined();
        continue;
      }
      edges += event.authEventIds.length;
      expect(event.authRank).toBe(authRank(event.authEventIds.map((id) => byId.get(id)!.authRank!)));
    }
    expect(await count('state_auth_edges', '1 = 1')).toBe(edges);
  });
});

forEachEngine('purging', (engine) => {
  const TABLES = [
    'rooms',
    'events',
    'redactions',
    'forward_extremities',
    'backward_extremities',
    'state_nodes',
    'state_deltas',
    'memberships',
    'event_transactions',
  ];

  test('a purged room leaves nothing behind, and other rooms alone', async () => {
    const { here, roomId, fork, send, count, nid } = await open(engine);
    for (let index = 0; index < 60; index++) await send(state(alice, 'test.entry', 'x', `${index}`));
    const sent = await send(message(alice, 'x'));
    await send({ type: 'm.room.redaction', sender: alice, content: { redacts: sent.eventId } });
    const request = { userId: alice, deviceId: 'A', roomNid: nid, operation: 'send m.room.message', txnId: 'once' };
    await here.rooms.transactions.once(request, async (contribute) => {
      const options = { contribute };
      return (await here.rooms.engine.append(roomId, [message(alice, 'once')], options))[0]!.event;
    });
    expect(await count('event_transactions')).toBe(1);
    await fork(3, (index) => message(bob, `${index}`));
    const other = await here.rooms.engine.create(ROOM_VERSIONS['11'], publicRoom('11', alice));
    const before = await currentStateOf(here, other.roomId);
    expect([...(await here.rooms.joined.of(alice)).keys()].toSorted()).toEqual([roomId, other.roomId].toSorted());
    const late = here.rooms.purge(roomId);
    // In time or too late, it must not leave anything either.
    await send(message(alice, 'racing')).catch(() => undefined);
    expect(await late).toBe(true);
    for (const table of TABLES) expect([table, await count(table)]).toEqual([table, 0]);
    const edges = await count('state_auth_edges', 'event_nid not in (select event_nid from events)');
    expect(edges).toBe(0);
    expect([...(await here.rooms.joined.of(alice)).keys()]).toEqual([other.roomId]);
    expect(await here.rooms.events.byId(sent.eventId)).toBeUndefined();
    expect(await here.rooms.directory.find(roomId)).toBeUndefined();
    expect(await failureOf(send(message(alice, 'x')))).toMatchObject({ errcode: 'M_NOT_FOUND' });
    expect(await here.rooms.purge(roomId)).toBe(false);
    expect(await currentStateOf(here, other.roomId)).toEqual(before);
    expect(nid).toBeNumber();
  });

  test('nodes that no root leads to any more are deleted while the room is written to, and no others', async () => {
    const { here, roomId, nid, send, count } = await open(engine);
    for (let index = 0; index < 120; index++) await send(state(alice, 'test.entry', `v${index}`, `${index % 60}`));
    const events = await timelineOf(here, roomId);
    const all = await count('state_nodes');
    expect(await here.rooms.sweepStateNodes(nid)).toMatchObject({ deleted: 0 });
    // As purging history does: old events go.
    const old = events.slice(10, -20);
    await here.storage.transactor.commit((batch) => {
      for (const { nid: gone } of old) batch.add({ sql: 'delete from events where event_nid = ?', parameters: [gone] });
    });
    const sweep = here.rooms.sweepStateNodes(nid);
    const writes = Array.from({ length: 40 }, (_, index) => send(state(alice, 'test.entry', `${index}`, `${index}`)));
    const { deleted } = await sweep;
    await Promise.all(writes);
    expect(deleted).toBeGreaterThan(50);
    expect(await count('state_nodes')).toBeLessThan(all);
    // A server that has nothing in memory can read every state that is left.
    const fresh = openHomeserver('here', here.storage, { clock: new VirtualClock() });
    const room = (await fresh.rooms.directory.find(roomId))!;
    for (const event of await timelineOf(fresh, roomId)) {
      if (old.some((gone) => gone.eventId === event.eventId)) continue;
      for (const root of [event.stateBefore!, event.stateAfter!]) await fresh.rooms.current.at(room, root).all();
    }
    expect(await here.rooms.sweepStateNodes(nid)).toMatchObject({ deleted: 0 });
  });

  test('a state that comes about while unused nodes are being deleted is kept whole', async () => {
    const { here, roomId, nid, send } = await open(engine);
    for (let index = 0; index < 40; index++) await send(state(alice, 'test.entry', 'x', `${index}`));
    const { reader } = here.storage;
    // All that is in use has been marked by the time addresses are read.
    let between = 0;
    const meddling = {
      dialect: reader.dialect,
      first: reader.first.bind(reader),
      allHeavy: reader.allHeavy.bind(reader),
      async all<Row>(query: Statement<Row>) {
        if (query.sql.startsWith('select hash from state_nodes') && between++ === 0) {
          await writer.rooms.engine.send(roomId, state(alice, 'test.entry', 'between', '7'));
        }
        return reader.all(query);
      },
    };
    const writer = openHomeserver(
      'here',
      { ...here.storage, reader: meddling as Reader },
      { clock: new VirtualClock() },
    );
    await writer.rooms.sweepStateNodes(nid);
    expect(between).toBeGreaterThan(0);
    const fresh = openHomeserver('here', here.storage, { clock: new VirtualClock() });
    const now = (await fresh.rooms.current.of(roomId))!;
    expect((await now.get('test.entry', '7'))?.content).toEqual({ value: 'between' });
    expect((await now.all()).length).toBe(45);
  });
});
