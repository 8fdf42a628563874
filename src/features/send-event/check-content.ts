import { badJson, MatrixError } from '#protocol/errors.ts';
import type { RoomId, ServerName } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';
import { compileServerAcl, isServerAllowed } from '#protocol/server-acl/index.ts';

/** An event that a client asks to be sent. */
export interface AskedEvent {
  readonly roomId: RoomId;
  readonly type: string;
  /** `undefined` for message events. */
  readonly stateKey: string | undefined;
  readonly content: JsonObject;
}

const LEVELS = ['ban', 'events_default', 'invite', 'kick', 'redact', 'state_default', 'users_default'] as const;
const LEVEL_MAPS = ['events', 'notifications', 'users'] as const;
const STATE_TYPES: ReadonlySet<string> = new Set([
  'm.room.create',
  'm.room.member',
  'm.room.name',
  'm.room.power_levels',
  'm.room.tombstone',
  'm.room.topic',
]);

/** `roomId` is absent for a room that is still to be made. */
type CheckedEvent = Omit<AskedEvent, 'roomId'> & Partial<Pick<AskedEvent, 'roomId'>>;

/**
 * Refuses events that no client should be made to read, though the auth rules have nothing against them.
 * @throws MatrixError 400 `M_BAD_JSON`.
 */
export function checkContent(event: CheckedEvent, serverName: ServerName): void {
  const { type, stateKey, content } = event;
  if (stateKey === undefined && STATE_TYPES.has(type)) throw badJson(`${type} must be a state event`);
  const mentions = content['m.mentions'];
  if (mentions !== undefined) checkMentions(mentions);
  switch (type) {
    case 'm.room.create':
      throw badJson('A room has one m.room.create event only');
    case 'm.room.message':
      requireStrings(content, ['body', 'msgtype']);
      return;
    case 'm.room.name':
      requireStrings(content, ['name']);
      return;
    case 'm.room.topic':
      requireStrings(content, ['topic']);
      return;
    case 'm.room.power_levels':
      checkPowerLevels(content);
      return;
    case 'm.room.server_acl':
      if (stateKey === '' && !isServerAllowed(compileServerAcl(content), serverName)) {
        throw badJson('This server ACL would shut out your own server');
      }
      return;
    case 'm.room.tombstone':
      requireStrings(content, ['replacement_room']);
      if (content.replacement_room === event.roomId) throw badJson('A room cannot be replaced by itself');
      return;
  }
}

function requireStrings(content: JsonObject, keys: readonly string[]): void {
  for (const key of keys) if (typeof content[key] !== 'string') throw badJson(`'${key}' must be a string`);
}

/** Power levels are integers for us in every room version, though older ones also read text. */
function checkPowerLevels(content: JsonObject): void {
  for (const key of LEVELS) if (content[key] !== undefined) requireInteger(key, content[key]);
  for (const key of LEVEL_MAPS) {
    const levels = content[key];
    if (levels === undefined) continue;
    if (!isJsonObject(levels)) throw badJson(`'${key}' must be an object`);
    for (const name of Object.keys(levels)) requireInteger(`${key}.${name}`, levels[name]);
  }
}

function requireInteger(name: string, value: JsonValue | undefined): void {
  if (!Number.isSafeInteger(value)) throw badJson(`'${name}' must be an integer within 2^53-1`);
}

/** https://spec.matrix.org/v1.19/client-server-api/#user-and-room-mentions */
function checkMentions(mentions: JsonValue): void {
  const isValid =
    isJsonObject(mentions) &&
    (mentions.room === undefined || typeof mentions.room === 'boolean') &&
    (mentions.user_ids === undefined ||
      (Array.isArray(mentions.user_ids) && mentions.user_ids.every((userId) => typeof userId === 'string')));
  if (!isValid) throw badJson("'m.mentions' is malformed");
}

/** @throws MatrixError 400: held back events are not for this server to send at once. */
export function refuseDelay(delayMs: number | undefined): void {
  if (delayMs === undefined) return;
  throw new MatrixError('M_INVALID_PARAM', 'This server does not delay events', {
    fields: { 'org.matrix.msc4140.errcode': 'M_MAX_DELAY_UNSUPPORTED' },
  });
}
