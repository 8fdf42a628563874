import type { Endpoint } from '#api/endpoint.ts';
import type { JsonObject } from '#protocol/json.ts';
import { type ComposedServer, type LoggedIn, SERVER_NAME } from '../contracts/composed-server.ts';
import type { Known } from './sample.ts';

/** Somebody with a room, a message in it, a file, a filter, a backup: what bad requests are about. */
export interface Scene {
  readonly user: LoggedIn;
  readonly admin: LoggedIn;
  /** Somebody whose things are none of the user's business. */
  readonly other: LoggedIn;
  readonly known: Known;
}

/** One transparent pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
const BACKUP = {
  algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2',
  auth_data: { public_key: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ', signatures: {} },
};

let count = 0;

export async function setScene(server: ComposedServer): Promise<Scene> {
  count += 1;
  const [user, other] = [await server.user(`mallory${count}`), await server.user(`other${count}`)];
  const admin = await server.user(`admin${count}`, { isAdmin: true });
  const ask = async (method: string, path: string, body?: unknown): Promise<JsonObject> => {
    const answer = await server.send(method, path, { token: user.token, body });
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  const client = '/_matrix/client/v3';
  const room = await ask('POST', `${client}/createRoom`, { room_alias_name: `room${count}` });
  const inRoom = `${client}/rooms/${encodeURIComponent(String(room.room_id))}`;
  const message = await ask('PUT', `${inRoom}/send/m.room.message/1`, { msgtype: 'm.text', body: 'hello' });
  const filter = await ask('POST', `${client}/user/${encodeURIComponent(user.userId)}/filter`, {});
  const upload = await ask('POST', '/_matrix/media/v3/upload', new Uint8Array(PNG));
  const backup = await ask('POST', `${client}/room_keys/version`, BACKUP);
  const sync = await ask('GET', `${client}/sync`);
  const known = {
    alias: `#room${count}:${SERVER_NAME}`,
    roomId: String(room.room_id),
    eventId: String(message.event_id),
    filterId: String(filter.filter_id),
    mediaId: String(upload.content_uri).split('/').at(-1) ?? '',
    version: String(backup.version),
    from: String(sync.next_batch),
    to: String(sync.next_batch),
  };
  return { user, admin, other, known: knownOf(user, other, known) };
}

type Made = Readonly<
  Record<'alias' | 'roomId' | 'eventId' | 'filterId' | 'mediaId' | 'version' | 'from' | 'to', string>
>;

function knownOf(user: LoggedIn, other: LoggedIn, made: Made): Known {
  return {
    byName: {
      ...made,
      user_id: other.userId,
      deviceId: user.deviceId,
      serverName: SERVER_NAME,
      kind: 'override',
      ruleId: 'org.example.rule',
      receiptType: 'm.read',
      eventType: 'm.room.topic',
      stateKey: '',
      keyName: 'displayname',
      type: 'org.example.data',
      new_version: '11',
      algorithm: BACKUP.algorithm,
    },
    byFormat: {
      'matrix-user-id': user.userId,
      'matrix-room-id': made.roomId,
      'matrix-room-id-or-alias': made.roomId,
      'matrix-room-alias': made.alias,
      'matrix-event-id': made.eventId,
      'matrix-server-name': SERVER_NAME,
    },
    bodies: {
      register: { auth: { type: 'm.login.dummy' } },
      login: { type: 'm.login.token', token: 'made-up' },
      setProfileField: { displayname: 'Mallory' },
      setRoomStateWithKey: { topic: 'a topic' },
      putRoomKeysVersion: { ...BACKUP, version: made.version },
      postRoomKeysVersion: BACKUP,
    },
  };
}

/** Whose token a contract is asked with. */
export function tokenFor(contract: Endpoint, { user, admin }: Scene): string | undefined {
  if (contract.auth === 'none') return undefined;
  return contract.auth === 'admin' ? admin.token : user.token;
}
