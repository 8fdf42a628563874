/** Schemas that many contracts share. Identifiers are checked by their parsers, and typed as their brands. */
import { FormatRegistry, type Static, type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox';
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

/** Any key of an object. With a plain `Type.String()`, values would go unchecked whose key has a line break. */
export const AnyKey = Type.String({ pattern: '^[\\s\\S]*$' });
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

/**
 * User-interactive authentication data. `type` is absent where the client polls a session that it completed elsewhere; what
 * else there is depends on the stage. https://spec.matrix.org/v1.19/client-server-api/#definition-authentication-data
 */
export const AuthDataSchema = Type.Unsafe<JsonObject & { readonly type?: string; readonly session?: string }>(
  Type.Object({ type: Type.Optional(Type.String()), session: Type.Optional(Type.String()) }),
);

/** A secret of the client's making, 1 to 255 of `[0-9a-zA-Z.=_-]`. */
const ClientSecret = Type.String({ pattern: '^[0-9a-zA-Z.=_-]{1,255}$' });
const validationRequest = {
  client_secret: ClientSecret,
  send_attempt: Type.Integer(),
  next_link: Type.Optional(Type.String()),
  id_server: Type.Optional(Type.String()),
  id_access_token: Type.Optional(Type.String()),
};
/** Asks for a token to be sent by e-mail. */
export const RequestEmailValidationSchema = Type.Object({ email: Type.String(), ...validationRequest });
/** Asks for a token to be sent by text message. `country` is an ISO 3166-1 alpha-2 code. */
export const RequestMsisdnValidationSchema = Type.Object({
  country: Type.String(),
  phone_number: Type.String(),
  ...validationRequest,
});
/** The validation session that a token was sent for. */
export const RequestTokenResponseSchema = Type.Object({ sid: Type.String(), submit_url: Type.Optional(Type.String()) });

/** https://spec.matrix.org/v1.19/client-server-api/#filtering */
export const RoomEventFilterSchema = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  types: Type.Optional(Type.Array(Type.String())),
  not_types: Type.Optional(Type.Array(Type.String())),
  senders: Type.Optional(Type.Array(Type.String())),
  not_senders: Type.Optional(Type.Array(Type.String())),
  rooms: Type.Optional(Type.Array(Type.String())),
  not_rooms: Type.Optional(Type.Array(Type.String())),
  contains_url: Type.Optional(Type.Boolean()),
  lazy_load_members: Type.Optional(Type.Boolean()),
  include_redundant_members: Type.Optional(Type.Boolean()),
  unread_thread_notifications: Type.Optional(Type.Boolean()),
  related_by_senders: Type.Optional(Type.Array(Type.String())),
  related_by_rel_types: Type.Optional(Type.Array(Type.String())),
});

/** What the room directory, the space hierarchy and the room summary say of a room. */
export const PublicRoomsChunkSchema = Type.Object({
  room_id: RoomIdSchema,
  num_joined_members: Type.Integer(),
  world_readable: Type.Boolean(),
  guest_can_join: Type.Boolean(),
  name: Type.Optional(Type.String()),
  topic: Type.Optional(Type.String()),
  avatar_url: Type.Optional(Type.String()),
  canonical_alias: Type.Optional(Type.String()),
  join_rule: Type.Optional(Type.String()),
  room_type: Type.Optional(Type.String()),
});

/** The membership of a user in a room. */
export const MembershipSchema = Type.Union([
  Type.Literal('join'),
  Type.Literal('invite'),
  Type.Literal('knock'),
  Type.Literal('leave'),
  Type.Literal('ban'),
]);

/** State as shown to a user who is not in the room. */
export const StrippedStateSchema = Type.Object({
  type: Type.String(),
  state_key: Type.String(),
  sender: UserIdSchema,
  content: JsonObjectSchema,
});

/** A body that may be left out altogether: the handler then gets `undefined`. What is sent must fit `schema`. */
export function optionalBody<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Undefined()]);
}

/** An object of known `properties`, typed so that further keys can be read from it and put into it. */
export function openObject<P extends TProperties>(properties: P) {
  return Type.Unsafe<Static<TObject<P>> & JsonObject>(Type.Object(properties));
}
