import {
  deleteRoomKeyBySessionId,
  deleteRoomKeys,
  deleteRoomKeysByRoomId,
  deleteRoomKeysVersion,
  getRoomKeyBySessionId,
  getRoomKeys,
  getRoomKeysByRoomId,
  getRoomKeysVersion,
  getRoomKeysVersionCurrent,
  postRoomKeysVersion,
  putRoomKeyBySessionId,
  putRoomKeys,
  putRoomKeysByRoomId,
  putRoomKeysVersion,
} from '#api/client/key-backup.ts';
import { JsonText, type Route, route } from '#api/endpoint.ts';
import { badJson } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject } from '#protocol/json.ts';
import type { BackupKeys } from './backup-keys.ts';
import { answerText, backupText } from './backup-text.ts';
import type { BackupVersions } from './backup-versions.ts';
import type { Backup, KeyBackupStore } from './key-backup-store.ts';
import { type KeyBackupData, type SessionKey, toJsonText, toSessionKey } from './session-key.ts';

type Sessions = Readonly<Record<string, KeyBackupData>>;

export function versionRoutes(versions: BackupVersions): Route[] {
  return [
    route(postRoomKeysVersion, async ({ requester, body }) => ({
      version: await versions.create(requester.userId, body.algorithm, body.auth_data),
    })),
    route(getRoomKeysVersionCurrent, async ({ requester }) => describe(await versions.current(requester.userId))),
    route(getRoomKeysVersion, async ({ requester, params }) =>
      describe(await versions.find(requester.userId, params.version)),
    ),
    route(putRoomKeysVersion, async ({ requester, params, body }) => {
      await versions.update(requester.userId, params.version, body);
      return {};
    }),
    route(deleteRoomKeysVersion, async ({ requester, params }) => {
      await versions.delete(requester.userId, params.version);
      return {};
    }),
  ];
}

export function writeRoutes(keys: BackupKeys): Route[] {
  return [
    route(putRoomKeys, ({ requester, query, body }) => {
      const all = Object.entries(body.rooms).flatMap(([roomId, room]) => ofRoom(roomId, room?.sessions));
      return keys.put(requester.userId, query.version, all);
    }),
    route(putRoomKeysByRoomId, ({ requester, query, params, body }) =>
      keys.put(requester.userId, query.version, ofRoom(params.roomId, body.sessions)),
    ),
    route(putRoomKeyBySessionId, ({ requester, query, params, body }) =>
      keys.put(requester.userId, query.version, [toSessionKey(params.roomId, params.sessionId, body)]),
    ),
    route(deleteRoomKeys, ({ requester, query }) => keys.remove(requester.userId, query.version, {})),
    route(deleteRoomKeysByRoomId, ({ requester, query, params: { roomId } }) =>
      keys.remove(requester.userId, query.version, { roomId }),
    ),
    route(deleteRoomKeyBySessionId, ({ requester, query, params: { roomId, sessionId } }) =>
      keys.remove(requester.userId, query.version, { roomId, sessionId }),
    ),
  ];
}

export function readRoutes(store: KeyBackupStore, versions: BackupVersions, keys: BackupKeys): Route[] {
  const read = async (
    userId: UserId,
    versionText: string,
    roomId: string | undefined,
  ): Promise<JsonText | Response> => {
    const { version } = await versions.find(userId, versionText);
    return answerText(backupText(store, userId, version, roomId));
  };
  return [
    route(getRoomKeys, ({ requester, query }) => read(requester.userId, query.version, undefined)),
    route(getRoomKeysByRoomId, ({ requester, query, params }) => read(requester.userId, query.version, params.roomId)),
    route(getRoomKeyBySessionId, async ({ requester, query, params }) => {
      const key = await keys.session(requester.userId, query.version, params.roomId, params.sessionId);
      return new JsonText(toJsonText(key));
    }),
  ];
}

function ofRoom(roomId: string, sessions: Sessions | undefined): SessionKey[] {
  // A record's schema passes over names with a line break.
  if (!isJsonObject(sessions)) throw badJson("'sessions' must be an object");
  return Object.entries(sessions).map(([sessionId, data]) => toSessionKey(roomId, sessionId, data));
}

function describe({ version, algorithm, authData, etag, keyCount }: Backup) {
  return { version: String(version), algorithm, auth_data: authData, etag: String(etag), count: keyCount };
}
