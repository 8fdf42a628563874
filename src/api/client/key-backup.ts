import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { AnyKey, JsonObjectSchema } from '../schemas.ts';

// A room id here only names a place in the backup: any text may.
const inRoom = { roomId: Type.String() };
const ofSession = { ...inRoom, sessionId: Type.String() };
const ofVersion = Type.Object({ version: Type.String() });
/** The backup to read or write. */
const query = Type.Object({ version: Type.String() });

const versionPaths = v3('/room_keys/version');
const oneVersionPaths = v3('/room_keys/version/{version}');
const keysPaths = v3('/room_keys/keys');
const roomPaths = v3('/room_keys/keys/{roomId}');
const sessionPaths = v3('/room_keys/keys/{roomId}/{sessionId}');

const Backup = Type.Object({
  algorithm: Type.String(),
  auth_data: JsonObjectSchema,
  /** How many keys it holds. */
  count: Type.Integer(),
  /** Changes whenever the keys do. */
  etag: Type.String(),
  version: Type.String(),
});
const KeyBackupDataSchema = Type.Object({
  first_message_index: Type.Integer(),
  forwarded_count: Type.Integer(),
  is_verified: Type.Boolean(),
  session_data: JsonObjectSchema,
});
/** By session id. */
const RoomKeyBackupSchema = Type.Object({ sessions: Type.Record(AnyKey, KeyBackupDataSchema) });
/** By room id. */
const KeysBackupSchema = Type.Object({ rooms: Type.Record(AnyKey, RoomKeyBackupSchema) });
const Written = Type.Object({ etag: Type.String(), count: Type.Integer() });

/** Makes a new backup. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3room_keysversion */
export const postRoomKeysVersion = endpoint({
  operationId: 'postRoomKeysVersion',
  method: 'POST',
  ...versionPaths,
  auth: 'user',
  suspended: true,
  body: Type.Object({ algorithm: Type.String(), auth_data: JsonObjectSchema }),
  response: Type.Object({ version: Type.String() }),
});

/** The newest backup. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keysversion */
export const getRoomKeysVersionCurrent = endpoint({
  operationId: 'getRoomKeysVersionCurrent',
  method: 'GET',
  ...versionPaths,
  auth: 'user',
  response: Backup,
});

/** A backup. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keysversionversion */
export const getRoomKeysVersion = endpoint({
  operationId: 'getRoomKeysVersion',
  method: 'GET',
  ...oneVersionPaths,
  auth: 'user',
  params: ofVersion,
  response: Backup,
});

/** Changes `auth_data` of a backup. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keysversionversion */
export const putRoomKeysVersion = endpoint({
  operationId: 'putRoomKeysVersion',
  method: 'PUT',
  ...oneVersionPaths,
  auth: 'user',
  suspended: true,
  params: ofVersion,
  body: Type.Object({
    algorithm: Type.String(),
    auth_data: JsonObjectSchema,
    version: Type.Optional(Type.String()),
  }),
});

/** Deletes a backup with its keys. https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keysversionversion */
export const deleteRoomKeysVersion = endpoint({
  operationId: 'deleteRoomKeysVersion',
  method: 'DELETE',
  ...oneVersionPaths,
  auth: 'user',
  suspended: true,
  params: ofVersion,
});

/** Writes the key of one session. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keyskeysroomidsessionid */
export const putRoomKeyBySessionId = endpoint({
  operationId: 'putRoomKeyBySessionId',
  method: 'PUT',
  ...sessionPaths,
  auth: 'user',
  suspended: true,
  params: Type.Object(ofSession),
  query,
  body: KeyBackupDataSchema,
  response: Written,
});

/** The key of one session. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeysroomidsessionid */
export const getRoomKeyBySessionId = endpoint({
  operationId: 'getRoomKeyBySessionId',
  method: 'GET',
  ...sessionPaths,
  auth: 'user',
  params: Type.Object(ofSession),
  query,
  response: KeyBackupDataSchema,
});

/** Deletes the key of one session. https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keyskeysroomidsessionid */
export const deleteRoomKeyBySessionId = endpoint({
  operationId: 'deleteRoomKeyBySessionId',
  method: 'DELETE',
  ...sessionPaths,
  auth: 'user',
  suspended: true,
  params: Type.Object(ofSession),
  query,
  response: Written,
});

/** Writes the keys of one room. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keyskeysroomid */
export const putRoomKeysByRoomId = endpoint({
  operationId: 'putRoomKeysByRoomId',
  method: 'PUT',
  ...roomPaths,
  auth: 'user',
  suspended: true,
  params: Type.Object(inRoom),
  query,
  body: RoomKeyBackupSchema,
  response: Written,
});

/** The keys of one room. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeysroomid */
export const getRoomKeysByRoomId = endpoint({
  operationId: 'getRoomKeysByRoomId',
  method: 'GET',
  ...roomPaths,
  auth: 'user',
  params: Type.Object(inRoom),
  query,
  response: RoomKeyBackupSchema,
});

/** Deletes the keys of one room. https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keyskeysroomid */
export const deleteRoomKeysByRoomId = endpoint({
  operationId: 'deleteRoomKeysByRoomId',
  method: 'DELETE',
  ...roomPaths,
  auth: 'user',
  suspended: true,
  params: Type.Object(inRoom),
  query,
  response: Written,
});

/** Writes keys of several rooms. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keyskeys */
export const putRoomKeys = endpoint({
  operationId: 'putRoomKeys',
  method: 'PUT',
  ...keysPaths,
  auth: 'user',
  suspended: true,
  query,
  body: KeysBackupSchema,
  response: Written,
});

/** All keys. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeys */
export const getRoomKeys = endpoint({
  operationId: 'getRoomKeys',
  method: 'GET',
  ...keysPaths,
  auth: 'user',
  query,
  response: KeysBackupSchema,
});

/** Deletes all keys. https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keyskeys */
export const deleteRoomKeys = endpoint({
  operationId: 'deleteRoomKeys',
  method: 'DELETE',
  ...keysPaths,
  auth: 'user',
  suspended: true,
  query,
  response: Written,
});
