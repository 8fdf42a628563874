/** Schemas that many contracts share. Identifiers are checked by their parsers, and typed as their brands. */
import { FormatRegistry, Type } from '@sinclair/typebox';
import {
  type DeviceId,
  type EventId,
  parseEventId,
  parseRoomAlias,
  parseRoomId,
  parseServerName,
  parseUserId,
  type RoomAlias,
  type RoomId,
  type ServerName,
  type UserId,
} from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';

/** The formats that identifier schemas name. Registered once; a format is a pure predicate. */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  'matrix-user-id': (text) => parseUserId(text) !== undefined,
  'matrix-room-id': (text) => parseRoomId(text) !== undefined,
  'matrix-room-alias': (text) => parseRoomAlias(text) !== undefined,
  'matrix-room-id-or-alias': (text) => parseRoomId(text) !== undefined || parseRoomAlias(text) !== undefined,
  'matrix-event-id': (text) => parseEventId(text) !== undefined,
  'matrix-server-name': (text) => parseServerName(text) !== undefined,
};
for (const [name, check] of Object.entries(FORMATS)) FormatRegistry.Set(name, check);

const identifier = <T>(format: string) => Type.Unsafe<T>(Type.String({ format }));

export const UserIdSchema = identifier<UserId>('matrix-user-id');
export const RoomIdSchema = identifier<RoomId>('matrix-room-id');
export const RoomAliasSchema = identifier<RoomAlias>('matrix-room-alias');
export const RoomIdOrAliasSchema = identifier<RoomId | RoomAlias>('matrix-room-id-or-alias');
export const EventIdSchema = identifier<EventId>('matrix-event-id');
export const ServerNameSchema = identifier<ServerName>('matrix-server-name');
export const DeviceIdSchema = Type.Unsafe<DeviceId>(Type.String({ minLength: 1 }));
/** Any JSON object. */
export const JsonObjectSchema = Type.Unsafe<JsonObject>(Type.Object({}));
/** Any JSON value. */
export const JsonValueSchema = Type.Unsafe<JsonValue>(Type.Unknown());
/** An event in client format. */
export const ClientEventSchema = Type.Unsafe<JsonObject>(Type.Object({}, { description: 'ClientEvent' }));
export const Direction = Type.Union([Type.Literal('b'), Type.Literal('f')]);
