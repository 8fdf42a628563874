/** A room engine with a name and a key of its own, for tests of what servers do with each other's events. */
import { CacheBudget } from '#platform/cache/index.ts';
import type { Clock } from '#platform/clock/index.ts';
import { seededRandom } from '#platform/random/index.ts';
import type { Migration, Storage } from '#platform/storage/index.ts';
import { type Pdu, signEvent, type UnsignedPdu } from '#protocol/events/index.ts';
import type { EventId, KeyId, RoomId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { ROOM_VERSIONS, type RoomVersion } from '#protocol/room-versions/index.ts';
import { type SigningKey, signingKeyFromSeed } from '#protocol/signing/index.ts';
import { createEvent, type Signer } from '#rooms/create-event.ts';
import { HotRoom } from '#rooms/hot-room.ts';
import {
  type AuthEventSource,
  type Draft,
  type EventHook,
  type KeyProvider,
  openRooms,
  type ReceivingPorts,
  type ResolutionReport,
  type Rooms,
  type StoredEvent,
} from '#rooms/index.ts';
import { decodeRest } from '#rooms/pdu-rest.ts';
import { extremityOf } from '#rooms/persist.ts';
import { rooms as roomsMigration } from '../../migrations/0002-rooms.ts';
import { sendEvent } from '../../migrations/0004-send-event.ts';
import { stateAuthEdges } from '../../migrations/0009-state-auth-edges.ts';
import { eventTransactionsByRequest } from '../../migrations/0014-event-transactions-by-request.ts';

/** The schema of the room engine alone. */
export const ROOM_MIGRATIONS: readonly Migration[] = [
  roomsMigration,
  sendEvent,
  stateAuthEdges,
  eventTransactionsByRequest,
];

export interface Homeserver {
  readonly name: ServerName;
  readonly storage: Storage;
  readonly rooms: Rooms;
  readonly signer: Signer;
  readonly resolutions: ResolutionReport[];
}

export interface HomeserverOptions {
  readonly clock: Clock;
  readonly seed?: string;
  readonly authEvents?: AuthEventSource | undefined;
  readonly policyServers?: ReceivingPorts['policyServers'];
  readonly hooks?: EventHook[];
}

/** Servers' keys follow from their names. */
function keyOf(name: ServerName): SigningKey {
  const seed = Buffer.from(name.padEnd(32, '.').slice(0, 32)).toString('base64').replace(/=+$/, '');
  return signingKeyFromSeed('ed25519:1' as KeyId, seed);
}

export const testKeys: KeyProvider = {
  publicKey: (name, keyId) => (keyId === 'ed25519:1' ? keyOf(name).publicKey : undefined),
};

export function openHomeserver(name: string, storage: Storage, options: HomeserverOptions): Homeserver {
  const serverName = name as ServerName;
  const { clock, authEvents, policyServers, hooks = [] } = options;
  const random = seededRandom(`${options.seed ?? ''} ${name}`);
  const resolutions: ResolutionReport[] = [];
  const rooms = openRooms({
    storage,
    clock,
    random,
    serverName,
    signingKey: keyOf(serverName),
    caches: new CacheBudget(20_000_000),
    hooks,
    unsignedSources: { aggregations: async () => new Map() },
    receiving: { keys: testKeys, authEvents, policyServers },
    onResolved: (report) => void resolutions.push(report),
  });
  return {
    name: serverName,
    storage,
    rooms,
    signer: { serverName, key: keyOf(serverName), clock, random },
    resolutions,
  };
}

/** The drafts of a public room of a version, all by `creator`. */
export function publicRoom(version: RoomVersion, creator: UserId, powerLevels: JsonObject = {}): Draft[] {
  const rules = ROOM_VERSIONS[version];
  const state = (type: string, content: JsonObject, stateKey = ''): Draft => ({
    type,
    stateKey,
    sender: creator,
    content,
  });
  const users = { ...(rules.privilegedCreators ? {} : { [creator]: 100 }), ...(powerLevels.users as JsonObject) };
  return [
    state('m.room.create', { room_version: version, ...(rules.creatorIsSender ? {} : { creator }) }),
    state('m.room.member', { membership: 'join' }, creator),
    state('m.room.power_levels', { ...powerLevels, users }),
    state('m.room.join_rules', { join_rule: 'public' }),
  ];
}

/** The events of a room that a server has in its timeline, oldest first. */
export async function timelineOf({ rooms }: Homeserver, roomId: RoomId): Promise<StoredEvent[]> {
  const room = (await rooms.directory.find(roomId))!;
  return rooms.timeline.oldest(room.nid, 0, Number.MAX_SAFE_INTEGER, 100_000);
}

/** The current state of a room at a server: event ids by type and state key, in order. */
export async function currentStateOf({ rooms }: Homeserver, roomId: RoomId): Promise<Record<string, EventId>> {
  const state = await rooms.current.of(roomId);
  return byKey((await state?.all()) ?? []);
}

export function byKey(events: readonly StoredEvent[]): Record<string, EventId> {
  const entries = events.map((event) => [`${event.type} ${event.stateKey}`, event.eventId] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export async function extremitiesOf({ rooms }: Homeserver, roomId: RoomId): Promise<EventId[]> {
  return rooms.engine.within(roomId, async (turn) => turn.room.extremities.map(({ eventId }) => eventId).sort());
}

/**
 * An event that `signer` makes on top of any events of a room, at the state after them, which must be the same after all.
 * `change` alters it before it is hashed and signed anew.
 */
export async function forge(
  at: Pick<Homeserver, 'rooms'>,
  signer: Signer,
  previous: readonly StoredEvent[],
  draft: Draft,
): Promise<Pdu> {
  const { rooms } = at;
  const room = await rooms.directory.get(previous[0]!.roomNid);
  const state = rooms.current.at(room, previous[0]!.stateAfter!);
  const hot = new HotRoom(room, rooms.members, state, previous.map(extremityOf));
  const signed = await createEvent(draft, hot, signer);
  return {
    ...decodeRest(signed.rest.text, signer.serverName),
    ...(room.rules.eventIdFormat === 'opaque' ? { event_id: signed.eventId } : {}),
    type: draft.type,
    ...(draft.stateKey === undefined ? {} : { state_key: draft.stateKey }),
    room_id: room.roomId,
    sender: draft.sender,
    content: JSON.parse(signed.contentText),
    depth: signed.depth,
    origin_server_ts: signed.originServerTs,
  } as Pdu;
}

export function signerOf(name: string, clock: Clock): Signer {
  return { serverName: name as ServerName, key: keyOf(name as ServerName), clock, random: seededRandom(name) };
}

/** A PDU with other contents, hashed and signed anew by the server that made it. */
export function reforge(pdu: Pdu, signer: Signer, version: RoomVersion, change: Partial<Pdu>): Pdu {
  const { hashes: _hashes, signatures: _signatures, ...rest } = { ...pdu, ...change } as Pdu;
  return signEvent(rest as UnsignedPdu, signer.serverName, signer.key, ROOM_VERSIONS[version]);
}
