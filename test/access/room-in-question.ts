/**
 * A private room in a fixed state, and one user for each way to stand to it. Two secrets are in it: one told while everybody
 * was there, one told after some had gone.
 */
import type { JsonObject } from '#protocol/json.ts';
import type { ComposedServer, LoggedIn } from '../contracts/composed-server.ts';

/** In the order of the tables of what is expected. */
export const ROLES = ['stranger', 'invited', 'left', 'banned', 'member', 'creator'] as const;
export type Role = (typeof ROLES)[number];

/** What nobody may be told who was never in the room. */
export const EARLY_SECRET = 'the-early-secret';
/** What nobody may be told who is not in the room now. */
export const LATE_SECRET = 'the-late-secret';

export const SECRETS_KEPT_FROM: Readonly<Record<Role, readonly string[]>> = {
  stranger: [EARLY_SECRET, LATE_SECRET],
  invited: [EARLY_SECRET, LATE_SECRET],
  left: [LATE_SECRET],
  banned: [LATE_SECRET],
  member: [],
  creator: [],
};

export interface RoomInQuestion {
  readonly users: Readonly<Record<Role, LoggedIn>>;
  /** Somebody for others to invite, kick and ban. */
  readonly bystander: LoggedIn;
  /** By the name of a path parameter or `$name` in a body. */
  readonly ids: Readonly<Record<string, string>>;
}

let count = 0;

export async function roomInQuestion(server: ComposedServer): Promise<RoomInQuestion> {
  count += 1;
  const made = [...ROLES, 'bystander' as const].map(
    async (name) => [name, await server.user(`${name}${count}`)] as const,
  );
  const all = Object.fromEntries(await Promise.all(made)) as Record<Role | 'bystander', LoggedIn>;
  const { bystander, ...users } = all;
  const ask = async (by: LoggedIn, method: string, path: string, body: unknown): Promise<JsonObject> => {
    const answer = await server.send(method, `/_matrix/client/v3${path}`, { token: by.token, body });
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  const alias = `room-in-question-${count}`;
  const created = await ask(users.creator, 'POST', '/createRoom', {
    preset: 'private_chat',
    name: 'A private room',
    room_alias_name: alias,
    invite: [users.left, users.banned, users.member].map(({ userId }) => userId),
    initial_state: [{ type: 'm.room.history_visibility', state_key: '', content: { history_visibility: 'shared' } }],
  });
  const roomId = String(created.room_id);
  const room = `/rooms/${encodeURIComponent(roomId)}`;
  const tell = async (secret: string, txnId: string): Promise<string> => {
    await ask(users.creator, 'PUT', `${room}/state/org.example.${txnId}/`, { secret });
    await ask(users.creator, 'PUT', `${room}/state/m.room.topic/`, { topic: secret });
    const message = { msgtype: 'm.text', body: secret };
    const root = await ask(users.creator, 'PUT', `${room}/send/m.room.message/${txnId}`, message);
    const relation = { rel_type: 'm.thread', event_id: root.event_id };
    await ask(users.creator, 'PUT', `${room}/send/m.room.message/${txnId}-reply`, {
      ...message,
      'm.relates_to': relation,
    });
    return String(root.event_id);
  };
  for (const user of [users.left, users.banned, users.member]) await ask(user, 'POST', `${room}/join`, {});
  const eventId = await tell(EARLY_SECRET, 'early');
  await ask(users.left, 'POST', `${room}/leave`, {});
  await ask(users.creator, 'POST', `${room}/ban`, { user_id: users.banned.userId });
  const lateEventId = await tell(LATE_SECRET, 'late');
  await ask(users.creator, 'PUT', `${room}/state/m.room.topic/`, { topic: 'nothing to see here' });
  await ask(users.creator, 'POST', `${room}/invite`, { user_id: users.invited.userId });
  return {
    users,
    bystander,
    ids: {
      roomId,
      roomIdOrAlias: roomId,
      roomAlias: `#${alias}:example.org`,
      eventId,
      lateEventId,
      relType: 'm.thread',
      eventType: 'm.room.message',
      receiptType: 'm.read',
      txnId: 'txn',
      stateKey: '',
      bystander: bystander.userId,
      networkId: 'network',
    },
  };
}
