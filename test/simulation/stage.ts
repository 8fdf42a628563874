/**
 * A whole server, as it is composed, and another one that the test plays: for scenes in which a room forks. After each step
 * everything that the server derives from the room's state is compared with the same made anew.
 */
import { expect } from 'bun:test';
import { systemClock } from '#platform/clock/index.ts';
import type { Pdu } from '#protocol/events/index.ts';
import type { EventId, RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { ROOM_VERSIONS } from '#protocol/room-versions/index.ts';
import type { Draft, StoredEvent } from '#rooms/index.ts';
import { type ComposedServer, type LoggedIn, SERVER_NAME } from '#test/contracts/composed-server.ts';
import { expectDerived } from './derived-state.ts';
import { forge, publicRoom, reforge, signerOf, testKeys } from './test-homeserver.ts';

export const CHILD = '!child:there';

const there = signerOf('there', systemClock);
export const receiving = {
  keys: testKeys,
  policyServers: {
    refusalOf: async (_: RoomId, pdu: Pdu) => (pdu.content.spam === true ? 'spam' : undefined),
  },
};

export const state = (sender: UserId, type: string, content: JsonObject, stateKey = ''): Draft => ({
  type,
  stateKey,
  sender,
  content,
});
export const name = (sender: UserId, text: string, more: JsonObject = {}) =>
  state(sender, 'm.room.name', { ...more, name: text });
export const child = (sender: UserId, content: JsonObject) => state(sender, 'm.space.child', content, CHILD);
export const member = (sender: UserId, of: UserId, membership: string, more: JsonObject = {}) =>
  state(sender, 'm.room.member', { ...more, membership }, of);
export const joinRule = (sender: UserId, rule: string) => state(sender, 'm.room.join_rules', { join_rule: rule });
export const message = (sender: UserId, body = 'hello'): Draft => ({
  type: 'm.room.message',
  sender,
  content: { msgtype: 'm.text', body },
});
export const redaction = (sender: UserId, redacts: EventId): Draft => ({
  type: 'm.room.redaction',
  sender,
  redacts,
  content: { redacts },
});

export interface Stage {
  readonly server: ComposedServer;
  readonly roomId: RoomId;
  /** Both are of this server and joined: alice made the room. Zoe is not in it. */
  readonly alice: LoggedIn;
  readonly eve: LoggedIn;
  readonly zoe: LoggedIn;
  /** Of another server: bob and carol are joined and have power, bob more than carol. */
  readonly bob: UserId;
  readonly carol: UserId;
  readonly dave: UserId;
  /** The event after which all are joined: where forks begin. */
  readonly start: StoredEvent;
  /** Something done here, on top of everything, at a time of its own choosing. */
  send(draft: Draft, seconds: number): Promise<StoredEvent>;
  /** Something done there, on top of these events. What became of it. */
  receive(
    previous: readonly StoredEvent[],
    draft: Draft,
    seconds: number,
    /** What is changed before it is signed, whether or not it is allowed. */
    change?: Partial<Pdu>,
  ): Promise<StoredEvent & { kind: string }>;
  /** The content in force. */
  inForce(type: string, stateKey?: string): Promise<JsonObject | undefined>;
  check(): Promise<void>;
}

const EPOCH = 1_700_000_000_000;
const EVENT_LEVELS = { 'm.room.name': 0, 'm.room.topic': 0, 'm.space.child': 0 };
let count = 0;

export async function setStage(server: ComposedServer): Promise<Stage> {
  count++;
  const [bob, carol, dave] = ['bob', 'carol', 'dave'].map((one) => `@${one}${count}:there` as UserId) as [
    UserId,
    UserId,
    UserId,
  ];
  const [alice, eve, zoe] = [
    await server.user(`alice${count}`),
    await server.user(`eve${count}`),
    await server.user(`zoe${count}`),
  ];
  const { rooms } = server.parts;
  const levels = { users: { [bob]: 90, [carol]: 60 }, events: EVENT_LEVELS };
  const creation = publicRoom('11', alice.userId, levels).map((draft) => ({ ...draft, originServerTs: EPOCH }));
  const { roomId } = await rooms.engine.create(ROOM_VERSIONS['11'], creation);
  const check = () => expectDerived({ rooms, reader: server.storage.reader, serverName: SERVER_NAME }, roomId);
  const send: Stage['send'] = async (draft, seconds) => {
    const { event } = await rooms.engine.send(roomId, { ...draft, originServerTs: EPOCH + seconds * 1000 });
    await check();
    return event;
  };
  const receive: Stage['receive'] = async (previous, draft, seconds, change = {}) => {
    const timed = { ...draft, originServerTs: EPOCH + seconds * 1000 };
    const json = reforge(await forge({ rooms }, there, previous, timed), there, '11', change);
    const [verdict] = await rooms.engine.receive(roomId, [{ json }], { origin: there.serverName });
    if (verdict === undefined || !('event' in verdict)) throw new Error(JSON.stringify(verdict));
    await check();
    return Object.assign(verdict.event, { kind: verdict.kind });
  };
  const inForce: Stage['inForce'] = async (type, stateKey = '') =>
    (await (await rooms.current.of(roomId))!.get(type, stateKey))?.content;
  let start = await send(member(eve.userId, eve.userId, 'join', { displayname: 'Evelyn' }), 1);
  for (const userId of [bob, carol]) start = await receive([start], member(userId, userId, 'join'), 2);
  return { server, roomId, alice, eve, zoe, bob, carol, dave, start, send, receive, inForce, check };
}

/** Bob takes carol's power away. */
export async function withoutCarol({ inForce, alice, bob }: Stage): Promise<Draft> {
  const levels = (await inForce('m.room.power_levels'))!;
  return state(bob, 'm.room.power_levels', { ...levels, users: { [alice.userId]: 100, [bob]: 90 } });
}

export async function syncOf(
  { server }: Stage,
  user: LoggedIn,
  query: Record<string, string> = {},
): Promise<JsonObject> {
  const text = new URLSearchParams({ timeout: '0', ...query }).toString();
  const answer = await server.send('GET', `/_matrix/client/v3/sync?${text}`, { token: user.token });
  expect(answer.status).toBe(200);
  return answer.json;
}

/** What the joined, left or other rooms of an answer to sync say of the room. */
export function roomIn({ roomId }: Stage, answer: JsonObject, section: 'join' | 'leave'): JsonObject | undefined {
  const rooms = answer.rooms as Record<string, Record<string, JsonObject>> | undefined;
  return rooms?.[section]?.[roomId];
}

export async function unreadOf(stage: Stage, user: LoggedIn): Promise<JsonObject | undefined> {
  return roomIn(stage, await syncOf(stage, user), 'join')?.unread_notifications as JsonObject | undefined;
}
