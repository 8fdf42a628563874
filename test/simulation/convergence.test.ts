import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RoomSummaryHook } from '#features/room-summary/room-summary-hook.ts';
import { RoomSummaryStore } from '#features/room-summary/room-summary-store.ts';
import { SpaceChildHook } from '#features/spaces/space-child-hook.ts';
import { SpaceChildStore } from '#features/spaces/space-child-store.ts';
import { systemClock, VirtualClock } from '#platform/clock/index.ts';
import { seededRandom } from '#platform/random/index.ts';
import { openStorage } from '#platform/storage/index.ts';
import type { EventId, RoomId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import { ROOM_VERSIONS, type RoomVersion } from '#protocol/room-versions/index.ts';
import { stateMapKeyOf } from '#protocol/state-resolution/index.ts';
import { Oracle } from '#protocol/state-resolution/test-oracle.ts';
import type { StoredEvent } from '#rooms/index.ts';
import { EventStatus } from '#rooms/index.ts';
import { migrations } from '../../migrations/index.ts';
import { Conversation, powerLevelsOf, usersOf } from './conversation.ts';
import { expectDerived } from './derived-state.ts';
import { Network } from './network.ts';
import {
  byKey,
  currentStateOf,
  extremitiesOf,
  forge,
  type Homeserver,
  openHomeserver,
  publicRoom,
  timelineOf,
} from './test-homeserver.ts';

const NAMES = ['one', 'two', 'three', 'four'];
const VERSIONS: RoomVersion[] = ['1', '2', '6', '11', '12'];
/** More with `SIMULATION_SEEDS=200 bun test test/simulation`. */
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 3);
const STEPS = 90;
const TIMEOUT_MS = 60_000 + SEEDS * 10_000;

const folder = mkdtempSync(join(tmpdir(), 'simulation-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What happened, so that a simulation in which nothing does is noticed. */
interface Tally {
  resolutions: number;
  conflicts: number;
  /** Events at which different states met, each resolved anew by the oracle. */
  merges: number;
  statuses: Map<number, number>;
}

async function simulate(seed: string, version: RoomVersion, tally: Tally): Promise<void> {
  const random = seededRandom(seed);
  const clock = new VirtualClock();
  const network = new Network(clock, random);
  const servers: Homeserver[] = [];
  for (const name of NAMES) {
    const path = join(folder, `${seed}-${name}.db`);
    const storage = await openStorage({ engine: 'sqlite', path }, { migrations, clock: systemClock });
    const authEvents = {
      fetch: (_: RoomId, ids: readonly EventId[]) => network.fetch(name as ServerName, ids),
    };
    const hooks = [
      new RoomSummaryHook(new RoomSummaryStore(storage.reader)),
      new SpaceChildHook(new SpaceChildStore(storage.reader)),
    ];
    const server = openHomeserver(name, storage, { clock, seed, authEvents, hooks });
    servers.push(server);
    network.servers.set(server.name, server);
  }
  try {
    const roomId = await found(servers, version, network, random);
    await quarrel(servers, roomId, version, network, clock, random);
    await bringTogether(servers, roomId, network);
    await expectSame(servers, roomId);
    await expectSameSoftFailures(servers, roomId, network);
    for (const server of servers.slice(0, 2)) tally.merges += await expectAsDefined(server, roomId);
    await count(servers, tally);
  } finally {
    for (const { storage } of servers) await storage[Symbol.asyncDispose]();
  }
}

/** The room, with a keeper and some others of every server, known to all. */
async function found(
  servers: readonly Homeserver[],
  version: RoomVersion,
  network: Network,
  random: ReturnType<typeof seededRandom>,
): Promise<RoomId> {
  const [first] = servers;
  const { keeper } = usersOf(first!);
  const rules = ROOM_VERSIONS[version];
  const users = powerLevelsOf(servers, random);
  if (rules.privilegedCreators) delete users[keeper];
  else users[keeper] = 100;
  const { roomId } = await first!.rooms.engine.create(rules, publicRoom(version, keeper, { users }));
  network.roomId = roomId;
  const pdus = (await timelineOf(first!, roomId)).map(({ pdu }) => ({ json: pdu }));
  for (const server of servers.slice(1)) await server.rooms.engine.receive(roomId, pdus, { newRoom: rules });
  for (const server of servers) {
    const own = usersOf(server);
    for (const user of [own.keeper, own.others[0]!]) {
      if (user === keeper) continue;
      const draft = { type: 'm.room.member', stateKey: user, sender: user, content: { membership: 'join' } };
      const { event } = await server.rooms.engine.send(roomId, draft);
      for (const other of servers) if (other !== server) await network.deliver(other, server, [event.pdu]);
    }
  }
  return roomId;
}

/** Everybody acts, while the network loses, doubles, delays and parts. */
async function quarrel(
  servers: readonly Homeserver[],
  roomId: RoomId,
  version: RoomVersion,
  network: Network,
  clock: VirtualClock,
  random: ReturnType<typeof seededRandom>,
): Promise<void> {
  const conversation = new Conversation(servers, roomId, version, random);
  network.weather = { loss: 0.15, doubling: 0.15 };
  for (let step = 0; step < STEPS; step++) {
    await clock.advance(Math.floor(random.number() * 2_000));
    if (step % 20 === 5) network.part(() => (random.number() < 0.5 ? 1 : 2));
    if (step % 20 === 17) network.part(() => 1);
    const server = servers[Math.floor(random.number() * servers.length)]!;
    const event = await conversation.act(server);
    if (event !== undefined) network.send(server, [event]);
    await network.deliverDue();
  }
}

/** The network heals, and the keepers' messages tell everybody of all that there is. */
async function bringTogether(servers: readonly Homeserver[], roomId: RoomId, network: Network): Promise<void> {
  network.heal();
  await network.deliverAll();
  const speak = async (server: Homeserver) => {
    const draft = { type: 'm.room.message', sender: usersOf(server).keeper, content: { body: 'all together now' } };
    network.send(server, [(await server.rooms.engine.send(roomId, draft)).event]);
  };
  for (const server of servers) {
    while ((await extremitiesOf(server, roomId)).length > 20) await speak(server);
    await speak(server);
    await network.deliverAll();
  }
  await speak(servers[0]!);
  await network.deliverAll();
}

async function expectSame(servers: readonly Homeserver[], roomId: RoomId): Promise<void> {
  const [first, ...others] = servers;
  const state = await currentStateOf(first!, roomId);
  const ends = await extremitiesOf(first!, roomId);
  expect(ends.length).toBe(1);
  const events = await everything(first!, roomId);
  for (const other of others) {
    expect(await extremitiesOf(other, roomId)).toEqual(ends);
    expect(await currentStateOf(other, roomId)).toEqual(state);
    const theirs = await everything(other, roomId);
    for (const [eventId, mine] of events) {
      const theirsOf = theirs.get(eventId);
      if (theirsOf !== undefined) expect([eventId, theirsOf]).toEqual([eventId, mine]);
    }
  }
  for (const { rooms, storage, name } of servers) {
    // No slice is here that would keep the names of users.
    await expectDerived({ rooms, reader: storage.reader, serverName: name }, roomId, ['directory_users']);
  }
}

/** What must be alike wherever an event is: whether it was rejected, what redacted it not counted, and the state around it. */
async function everything(server: Homeserver, roomId: RoomId): Promise<Map<EventId, object>> {
  const room = (await server.rooms.directory.find(roomId))!;
  const rows = await server.storage.reader.all<{ event_nid: number }>({
    sql: 'select event_nid from events where room_nid = ? and state_before is not null',
    parameters: [room.nid],
  });
  const events = await server.rooms.events.byNids(rows.map((row) => row.event_nid));
  const states = new Map<string, unknown>();
  const stateAt = async (root: NonNullable<StoredEvent['stateBefore']>) => {
    if (!states.has(root)) states.set(root, byKey(await server.rooms.current.at(room, root).all()));
    return states.get(root);
  };
  const about = new Map<EventId, object>();
  for (const event of events.values()) {
    const isRejected = event.status === EventStatus.rejected;
    about.set(event.eventId, {
      isRejected,
      before: await stateAt(event.stateBefore!),
      after: await stateAt(event.stateAfter!),
      rank: event.authRank,
    });
  }
  return about;
}

/** Events on an old state by somebody driven out since: once all are of one mind, none lets them in. */
async function expectSameSoftFailures(servers: readonly Homeserver[], roomId: RoomId, network: Network): Promise<void> {
  const [first, second] = servers;
  const { keeper } = usersOf(first!);
  const target = usersOf(second!).others[0]!;
  const member = (sender: UserId, membership: string) => ({
    type: 'm.room.member',
    stateKey: target,
    sender,
    content: { membership },
  });
  const send = async (server: Homeserver, draft: Parameters<Homeserver['rooms']['engine']['send']>[1]) => {
    const { event } = await server.rooms.engine.send(roomId, draft);
    network.send(server, [event]);
    await network.deliverAll();
    return event;
  };
  for (const membership of ['leave', 'invite']) {
    const now = await (await first!.rooms.current.of(roomId))!.get('m.room.member', target);
    if (now?.content.membership === 'join') continue;
    if (membership === 'leave' && now?.content.membership !== 'ban') continue;
    await send(first!, member(keeper, membership));
  }
  const joined = await send(second!, member(target, 'join'));
  await send(first!, member(keeper, 'ban'));
  const ends = await extremitiesOf(first!, roomId);
  const base = (await second!.rooms.events.byId(joined.eventId))!;
  const message = { type: 'm.room.message', sender: target, content: { body: 'from the past' } };
  const late = await forge(second!, second!.signer, [base], message);
  for (const server of servers) {
    const [verdict] = await network.deliver(server, second!, [late]);
    expect(verdict?.kind).toBe('soft-failed');
    expect(await extremitiesOf(server, roomId)).toEqual(ends);
  }
}

/** The state before each event at which forks met is what the spec's definitions, taken word by word, make of the forks. */
async function expectAsDefined(server: Homeserver, roomId: RoomId): Promise<number> {
  const room = (await server.rooms.directory.find(roomId))!;
  const sql = 'select event_nid from events where room_nid = ? and status <> 3';
  const rows = await server.storage.reader.all<{ event_nid: number }>({ sql, parameters: [room.nid] });
  const events = [...(await server.rooms.events.byNids(rows.map((row) => row.event_nid))).values()];
  const byId = new Map(events.map((event) => [event.eventId, event]));
  const oracle = new Oracle(new Map(events.map((event) => [event.eventId, event.asSent])), room.rules);
  const stateAt = async (root: NonNullable<StoredEvent['stateBefore']>) => {
    const state = await server.rooms.current.at(room, root).all();
    return new Map(state.map((event) => [stateMapKeyOf(event), event.eventId]));
  };
  let merges = 0;
  for (const event of events) {
    const roots = new Set(event.prevEventIds.map((eventId) => byId.get(eventId)!.stateAfter!));
    if (event.stateBefore === undefined || roots.size < 2) continue;
    merges++;
    const forks = await Promise.all([...roots].map(stateAt));
    const expected = [...oracle.resolve(forks)].sort(([a], [b]) => (a < b ? -1 : 1));
    const actual = [...(await stateAt(event.stateBefore))].sort(([a], [b]) => (a < b ? -1 : 1));
    expect([event.eventId, actual]).toEqual([event.eventId, expected]);
  }
  return merges;
}

async function count(servers: readonly Homeserver[], tally: Tally): Promise<void> {
  for (const { resolutions, storage } of servers) {
    tally.resolutions += resolutions.length;
    tally.conflicts += resolutions.reduce((sum, { conflicts }) => sum + conflicts, 0);
    const sql = 'select status, count(*) as n from events group by status';
    for (const { status, n } of await storage.reader.all<{ status: number; n: number }>({ sql, parameters: [] })) {
      tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + Number(n));
    }
  }
}

for (const version of VERSIONS) {
  test(
    `version ${version}: servers that were parted come to one state`,
    async () => {
      const tally: Tally = { resolutions: 0, conflicts: 0, merges: 0, statuses: new Map() };
      for (let seed = 0; seed < SEEDS; seed++) {
        try {
          await simulate(`${version}-${seed}`, version, tally);
        } catch (error) {
          throw new Error(`seed ${version}-${seed}`, { cause: error });
        }
      }
      if (process.env.SIMULATION_SEEDS !== undefined) console.log(version, tally);
      expect(tally.merges).toBeGreaterThan(10 * SEEDS);
      expect(tally.conflicts).toBeGreaterThan(tally.resolutions);
      expect(tally.resolutions).toBeGreaterThan(20 * SEEDS);
      expect(tally.statuses.get(EventStatus.softFailed)).toBeGreaterThan(4 * SEEDS);
    },
    TIMEOUT_MS,
  );
}
