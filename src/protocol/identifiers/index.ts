/**
 * Matrix identifiers as branded strings, and the parsers that make them from untrusted text.
 * A parser answers `undefined` for text that is not such an identifier; lengths are in bytes.
 * https://spec.matrix.org/v1.19/appendices/#identifier-grammar
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type ServerName = Branded<'ServerName'>;
export type UserId = Branded<'UserId'>;
/** `!opaque:server` up to room version 11, `!hash` from version 12. */
export type RoomId = Branded<'RoomId'>;
export type RoomAlias = Branded<'RoomAlias'>;
export type EventId = Branded<'EventId'>;
export type DeviceId = Branded<'DeviceId'>;
/** `algorithm:version`, such as `ed25519:a_1`. */
export type KeyId = Branded<'KeyId'>;

export { parseEventId, parseEventIdOfFormat } from './event-id.ts';
export { fitsBytes, MAX_ID_BYTES } from './opaque.ts';
export { parseRoomAlias } from './room-alias.ts';
export { parseRoomId } from './room-id.ts';
export { parseServerName, type ServerAddress, splitServerName } from './server-name.ts';
export {
  isHistoricalUserId,
  localpartOf,
  parseNewUserLocalpart,
  parseUserId,
  serverNameOf,
  userId,
} from './user-id.ts';
