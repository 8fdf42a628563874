/**
 * A small world for the tests of slices: the real room engine on a real database and a clock that stands still, with users
 * and rooms made in a line each. Every test makes its own:
 *
 *   forEachEngine('tags', (engine) => {
 *     test('...', async () => {
 *       const world = await createWorld(engine, { migrations: [profilesAndDirectory] });
 *       const [alice, bob] = [world.user('alice'), world.user('bob')];
 *       const roomId = await world.room(alice, { joinRule: 'public' });
 *       await world.join(roomId, bob);
 *       const { routes } = tagsFeature({ ... });           // slices are wired by the test, as `app/compose.ts` would
 *       world.hooks.push(slice.hook);                       // before the first event
 *       await world.call(routes, setRoomTag, { as: bob, params: { ... }, body: { ... } });
 *       expect(await refusal(world.call(...))).toBe('403 M_FORBIDDEN');
 *
 * The database is closed after the test by `forEachEngine`. Nothing here is HTTP: `call` checks what is sent against the
 * contract, as the binder would, and calls the handler.
 */
import type { Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { type Call, type Endpoint, JsonText, type RequestInfo, type Route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import { CacheBudget } from '#platform/cache/index.ts';
import { VirtualClock } from '#platform/clock/index.ts';
import { type Random, seededRandom } from '#platform/random/index.ts';
import type { Migration, Storage } from '#platform/storage/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { DeviceId, EventId, KeyId, RoomId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { ROOM_VERSIONS, type RoomVersion } from '#protocol/room-versions/index.ts';
import { signingKeyFromSeed } from '#protocol/signing/index.ts';
import { type Draft, type EventHook, type Membership, openRooms, type Rooms } from '#rooms/index.ts';
import { rooms as roomsMigration } from '../migrations/0002-rooms.ts';
import { migrations as allMigrations } from '../migrations/index.ts';
import type { TestEngine } from './storage.ts';

export const SERVER_NAME = 'example.org' as ServerName;

export interface WorldOptions {
  /** The steps of the slices under test, beyond the room engine's; those of `migrations/index.ts` are there anyway. */
  readonly migrations?: readonly Migration[];
}

export interface RoomOptions {
  readonly version?: RoomVersion;
  readonly joinRule?: string;
  readonly historyVisibility?: string;
  readonly guestAccess?: string;
  /** `m.space`, for one. */
  readonly type?: string;
  readonly name?: string;
  /** Further content of the create event. */
  readonly creationContent?: JsonObject;
  /** Merged over `{ users: { [creator]: 100 } }`. */
  readonly powerLevels?: JsonObject;
  /** Further state, in order. */
  readonly state?: readonly { readonly type: string; readonly stateKey?: string; readonly content: JsonObject }[];
}

/** What a test sends to a handler. */
export interface Sent<E extends Endpoint> {
  /** Nobody, if left out. */
  readonly as?: Requester | undefined;
  readonly params?: Static<E['params']>;
  readonly query?: Static<E['query']>;
  /** Of any form: what does not fit the contract is refused, as the binder would. */
  readonly body?: Static<E['body']> | JsonObject;
  readonly request?: Partial<RequestInfo>;
}

export interface World {
  readonly serverName: ServerName;
  readonly storage: Storage;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly streams: Streams;
  /** The room engine and its readers. */
  readonly rooms: Rooms;
  /** What slices store with events: push to it before the first event. */
  readonly hooks: EventHook[];
  /** Somebody of this server with a device, by localpart. No account is stored. */
  user(localpart: string, about?: Partial<Requester>): Requester;
  room(creator: Requester, options?: RoomOptions): Promise<RoomId>;
  join(roomId: RoomId, ...users: readonly Requester[]): Promise<void>;
  invite(roomId: RoomId, by: Requester, ...users: readonly Requester[]): Promise<void>;
  leave(roomId: RoomId, ...users: readonly Requester[]): Promise<void>;
  ban(roomId: RoomId, by: Requester, ...users: readonly Requester[]): Promise<void>;
  /** Any membership event; `extra` is further content. */
  membership(
    roomId: RoomId,
    by: Requester,
    of: Requester,
    membership: Membership,
    extra?: JsonObject,
  ): Promise<EventId>;
  state(roomId: RoomId, by: Requester, type: string, content: JsonObject, stateKey?: string): Promise<EventId>;
  message(roomId: RoomId, by: Requester, body?: string): Promise<EventId>;
  redact(roomId: RoomId, by: Requester, target: EventId): Promise<EventId>;
  /** What the handler of a contract answers, as JSON. */
  call<E extends Endpoint>(routes: readonly Route[], contract: E, sent: Sent<E>): Promise<Static<E['response']>>;
}

const SEED = 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1';

export async function createWorld(engine: TestEngine, options: WorldOptions = {}): Promise<World> {
  const storage = await openWithSteps(engine, options.migrations ?? []);
  const clock = new VirtualClock();
  const random = seededRandom('world');
  const hooks: EventHook[] = [];
  const rooms = openRooms({
    storage,
    clock,
    random,
    hooks,
    serverName: SERVER_NAME,
    signingKey: signingKeyFromSeed('ed25519:1' as KeyId, SEED),
    caches: new CacheBudget(20_000_000),
    unsignedSources: { transactionIds: async () => new Map(), aggregations: async () => new Map() },
  });
  const send = async (roomId: RoomId, draft: Draft): Promise<EventId> =>
    (await rooms.engine.send(roomId, draft)).event.eventId;
  const membership: World['membership'] = (roomId, by, of, kind, extra = {}) =>
    send(roomId, {
      type: 'm.room.member',
      stateKey: of.userId,
      sender: by.userId,
      content: { ...extra, membership: kind },
    });
  return {
    serverName: SERVER_NAME,
    storage,
    clock,
    random,
    streams: rooms.streams,
    rooms,
    hooks,
    user: requesterOf,
    membership,
    call,
    async room(creator, about = {}) {
      const version = about.version ?? '11';
      const { roomId } = await rooms.engine.create(ROOM_VERSIONS[version], creation(creator.userId, version, about));
      return roomId;
    },
    async join(roomId, ...users) {
      for (const user of users) await membership(roomId, user, user, 'join');
    },
    async invite(roomId, by, ...users) {
      for (const user of users) await membership(roomId, by, user, 'invite');
    },
    async leave(roomId, ...users) {
      for (const user of users) await membership(roomId, user, user, 'leave');
    },
    async ban(roomId, by, ...users) {
      for (const user of users) await membership(roomId, by, user, 'ban');
    },
    state: (roomId, by, type, content, stateKey = '') => send(roomId, { type, stateKey, sender: by.userId, content }),
    message: (roomId, by, body = 'hello') =>
      send(roomId, { type: 'm.room.message', sender: by.userId, content: { msgtype: 'm.text', body } }),
    redact: (roomId, by, target) =>
      send(roomId, {
        type: 'm.room.redaction',
        sender: by.userId,
        redacts: target,
        content: { redacts: target },
      }),
  };
}

/** How a promise was refused: `403 M_FORBIDDEN`, or `no refusal`. Anything but a refusal is thrown on. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'no refusal';
  } catch (error) {
    if (error instanceof MatrixError) return `${error.status} ${error.errcode}`;
    throw error;
  }
}

/** Waits until `check` answers something, for what goes on in the background; 2 seconds at most. */
export async function eventually<T>(check: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('it did not happen');
}

function openWithSteps(engine: TestEngine, more: readonly Migration[]): Promise<Storage> {
  const named = new Map([roomsMigration, ...allMigrations, ...more].map((step) => [step.name, step]));
  if (named.size === allMigrations.length) return engine.open();
  return engine.open([...named.values()].sort((a, b) => (a.name < b.name ? -1 : 1)));
}

function requesterOf(localpart: string, about: Partial<Requester> = {}): Requester {
  return {
    userId: `@${localpart}:${SERVER_NAME}` as UserId,
    deviceId: `${localpart.toUpperCase()}1` as DeviceId,
    tokenId: 1,
    isGuest: false,
    isAdmin: false,
    isSuspended: false,
    isShadowBanned: false,
    appserviceId: undefined,
    ...about,
  };
}

function creation(creator: UserId, version: RoomVersion, about: RoomOptions): Draft[] {
  const rules = ROOM_VERSIONS[version];
  const state = (type: string, content: JsonObject, stateKey = ''): Draft => ({
    type,
    stateKey,
    sender: creator,
    content,
  });
  const users = rules.privilegedCreators ? {} : { [creator]: 100 };
  const drafts = [
    state('m.room.create', {
      ...(rules.creatorIsSender ? {} : { creator }),
      ...(about.type === undefined ? {} : { type: about.type }),
      ...about.creationContent,
      room_version: version,
    }),
    state('m.room.member', { membership: 'join' }, creator),
    state('m.room.power_levels', { users, ...about.powerLevels }),
    state('m.room.join_rules', { join_rule: about.joinRule ?? 'invite' }),
    state('m.room.history_visibility', { history_visibility: about.historyVisibility ?? 'shared' }),
  ];
  if (about.guestAccess !== undefined) drafts.push(state('m.room.guest_access', { guest_access: about.guestAccess }));
  if (about.name !== undefined) drafts.push(state('m.room.name', { name: about.name }));
  for (const { type, stateKey, content } of about.state ?? []) drafts.push(state(type, content, stateKey ?? ''));
  return drafts;
}

async function call<E extends Endpoint>(
  routes: readonly Route[],
  contract: E,
  sent: Sent<E>,
): Promise<Static<E['response']>> {
  const found = routes.filter(({ endpoint }) => endpoint.operationId === contract.operationId);
  const handler = found[0]?.handler;
  if (handler === undefined || found.length > 1)
    throw new Error(`${contract.operationId} has ${found.length} handlers`);
  checkRequester(contract, sent.as);
  const { params = {}, query = {}, body } = sent;
  for (const [schema, value, errcode] of [
    [contract.params, params, 'M_INVALID_PARAM'],
    [contract.query, query, 'M_INVALID_PARAM'],
    [contract.body, body, 'M_BAD_JSON'],
  ] as const) {
    const first = Value.Errors(schema, value).First();
    if (first !== undefined) throw new MatrixError(errcode, `${first.path} ${first.message}`);
  }
  const request = requestInfo(contract, body, sent.request);
  const answer = await handler({ requester: sent.as, params, query, body, request } as unknown as Call<Endpoint>);
  if (answer instanceof JsonText) return JSON.parse(answer.text) as Static<E['response']>;
  if (answer instanceof Response) return (await answer.json()) as Static<E['response']>;
  // As on the wire: keys that are `undefined` are not there.
  return JSON.parse(JSON.stringify(answer ?? {})) as Static<E['response']>;
}

function checkRequester(contract: Endpoint, requester: Requester | undefined): void {
  if (contract.auth === 'none' || contract.auth === 'optional') return;
  if (requester === undefined) throw new MatrixError('M_MISSING_TOKEN', 'no token');
  if (contract.auth === 'admin' && !requester.isAdmin) throw new MatrixError('M_FORBIDDEN', 'no administrator');
  if (requester.isGuest && !contract.guests) throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'guest');
}

function requestInfo(contract: Endpoint, body: unknown, about: Partial<RequestInfo> = {}): RequestInfo {
  const { signal = new AbortController().signal } = about;
  return {
    id: 'test',
    method: contract.method,
    path: contract.path,
    ip: '127.0.0.1',
    userAgent: 'test',
    headers: new Headers(),
    signal,
    ending: signal,
    search: new URLSearchParams(),
    bodyText: body === undefined ? '' : JSON.stringify(body),
    bodyStream: null,
    ...about,
  };
}
