import type { Static } from '@sinclair/typebox';
import type { createRoom } from '#api/client/create-room.ts';
import { badJson, invalidParam, MatrixError } from '#protocol/errors.ts';
import {
  parseRoomAlias,
  parseUserId,
  type RoomAlias,
  type ServerName,
  type UserId,
} from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import { type RoomVersionRules, roomVersionRules } from '#protocol/room-versions/index.ts';
import { PRESETS, type PresetName } from './presets.ts';

type Body = Static<(typeof createRoom)['body']>;

/** A room as it was asked for, checked. */
export interface RoomRequest {
  readonly rules: RoomVersionRules;
  readonly creator: UserId;
  readonly preset: PresetName;
  readonly isPublic: boolean;
  readonly isDirect: boolean;
  readonly alias: RoomAlias | undefined;
  readonly invitees: readonly UserId[];
  /** Of the create event, without what the server says itself. */
  readonly creationContent: JsonObject;
  readonly initialState: readonly { readonly type: string; readonly stateKey: string; readonly content: JsonObject }[];
  readonly powerLevelOverride: JsonObject | undefined;
  readonly name: string | undefined;
  readonly topic: string | undefined;
}

/**
 * Reads a request for a room.
 * @throws MatrixError 400 `M_UNSUPPORTED_ROOM_VERSION`, `M_INVALID_PARAM`, `M_BAD_JSON`; 403 `M_FORBIDDEN` for invites by
 *   third-party identifier.
 */
export function readRoomRequest(
  body: Body,
  creator: UserId,
  { serverName, defaultVersion }: { readonly serverName: ServerName; readonly defaultVersion: string },
): RoomRequest {
  const rules = roomVersionRules(body.room_version ?? defaultVersion);
  if (rules === undefined)
    throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION', 'This server does not support that room version');
  if (body.invite_3pid !== undefined && body.invite_3pid.length > 0) {
    throw new MatrixError('M_FORBIDDEN', 'This server does not look up third-party identifiers');
  }
  const isPublic = body.visibility === 'public';
  const preset = body.preset ?? (isPublic ? 'public_chat' : 'private_chat');
  const invitees = [...new Set(body.invite ?? [])];
  return {
    rules,
    creator,
    preset,
    isPublic,
    invitees,
    isDirect: body.is_direct === true,
    alias: body.room_alias_name === undefined ? undefined : readAlias(body.room_alias_name, serverName),
    creationContent: readCreationContent(body.creation_content ?? {}, { rules, creator, preset, invitees }),
    initialState: (body.initial_state ?? []).map(({ type, state_key: stateKey = '', content }) => ({
      type,
      stateKey,
      content,
    })),
    powerLevelOverride: readOverride(body.power_level_content_override, creator, rules),
    name: body.name,
    topic: body.topic,
  };
}

function readAlias(localpart: string, serverName: ServerName): RoomAlias {
  const alias = /[\s:]/.test(localpart) ? undefined : parseRoomAlias(`#${localpart}:${serverName}`);
  if (alias === undefined) throw invalidParam("'room_alias_name' must be the local part of an alias, such as 'thepub'");
  return alias;
}

function readCreationContent(
  sent: JsonObject,
  room: { rules: RoomVersionRules; creator: UserId; preset: PresetName; invitees: readonly UserId[] },
): JsonObject {
  const { creator: _creator, room_version: _version, ...content } = sent;
  if (content.type !== undefined && typeof content.type !== 'string')
    throw badJson("The room's 'type' must be a string");
  if (content['m.federate'] !== undefined && typeof content['m.federate'] !== 'boolean') {
    throw badJson("'m.federate' must be true or false");
  }
  if (!room.rules.privilegedCreators) return content;
  const named = readCreators(content.additional_creators ?? []);
  const invited = PRESETS[room.preset].inviteesAreCreators ? room.invitees : [];
  const additional = [...new Set([...named, ...invited])].filter((userId) => userId !== room.creator);
  if (additional.length > 0) return { ...content, additional_creators: additional };
  const { additional_creators: _none, ...others } = content;
  return others;
}

/** @throws MatrixError 400 `M_BAD_JSON` unless `value` is a list of user ids. */
function readCreators(value: unknown): UserId[] {
  if (!Array.isArray(value)) throw badJson("'additional_creators' must be a list of user ids");
  return value.map((item) => {
    const userId = typeof item === 'string' ? parseUserId(item) : undefined;
    if (userId === undefined) throw badJson("'additional_creators' must hold user ids only");
    return userId;
  });
}

/** A creator who leaves themselves out would lose the room at once. */
function readOverride(
  override: JsonObject | undefined,
  creator: UserId,
  rules: RoomVersionRules,
): JsonObject | undefined {
  const users = override?.users;
  if (users === undefined || rules.privilegedCreators) return override;
  if (!isJsonObject(users) || !Object.hasOwn(users, creator)) {
    throw badJson(`The 'users' of 'power_level_content_override' must hold ${creator}`);
  }
  return override;
}
