import { parseUserId, type UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';
import { parseLevel } from '#protocol/power-levels/index.ts';
import type { RoomVersionRules } from '#protocol/room-versions/index.ts';

/** Old rooms also have levels written as text; a new version may not. */
const LENIENT = { integerPowerLevels: false };
const LEVELS = ['ban', 'events_default', 'invite', 'kick', 'redact', 'state_default', 'users_default'] as const;
const MAPS = ['events', 'notifications', 'users'] as const;

/** The contents of `m.room.power_levels` that an upgrade needs. */
export interface UpgradedLevels {
  /** That the new room starts with, in which the upgrader may send everything that is copied. */
  readonly initial: JsonObject;
  /** That it ends up with, if that is another: the old room's. */
  readonly final: JsonObject | undefined;
  /** That closes the old room: nobody below moderators speaks or invites; `undefined` if that is so already. */
  readonly closing: JsonObject | undefined;
}

/** `creators`: of the new room, the upgrader first. */
export function upgradeLevels(old: JsonObject, creators: readonly UserId[], rules: RoomVersionRules): UpgradedLevels {
  const content = asIntegers(old);
  const closed = closing(content);
  if (rules.privilegedCreators) {
    const initial = withTombstoneAbove(withoutUsers(content, creators));
    return { initial, final: undefined, closing: closed };
  }
  const [upgrader] = creators;
  const users = isJsonObject(content.users) ? content.users : {};
  const needed = highestNeeded(content);
  const own = levelOf(upgrader === undefined ? undefined : users[upgrader]) ?? levelOf(content.users_default) ?? 0;
  if (upgrader === undefined || own >= needed) return { initial: content, final: undefined, closing: closed };
  return { initial: { ...content, users: { ...users, [upgrader]: needed } }, final: content, closing: closed };
}

/** Every level as the integer that it means; what is no level, or of no user, is left out. */
function asIntegers(old: JsonObject): JsonObject {
  const content: JsonObject = { ...old };
  for (const key of LEVELS) replace(content, key, old[key]);
  for (const map of MAPS) {
    const levels = old[map];
    if (levels === undefined) continue;
    const fixed: JsonObject = {};
    for (const key of isJsonObject(levels) ? Object.keys(levels) : []) {
      if (map !== 'users' || parseUserId(key) !== undefined) replace(fixed, key, (levels as JsonObject)[key]);
    }
    content[map] = fixed;
  }
  return content;
}

function replace(content: JsonObject, key: string, value: JsonValue | undefined): void {
  const level = levelOf(value);
  if (level === undefined) delete content[key];
  else content[key] = level;
}

function levelOf(value: JsonValue | undefined): number | undefined {
  return value === undefined ? undefined : parseLevel(value, LENIENT);
}

function withoutUsers(content: JsonObject, userIds: readonly UserId[]): JsonObject {
  if (!isJsonObject(content.users)) return content;
  const users = { ...content.users };
  for (const userId of userIds) delete users[userId];
  return { ...content, users };
}

/** Where creators have infinite power, replacing the room must need more than `state_default`. */
function withTombstoneAbove(content: JsonObject): JsonObject {
  const events = isJsonObject(content.events) ? content.events : {};
  const tombstone = levelOf(events['m.room.tombstone']) ?? 0;
  const stateDefault = levelOf(content.state_default) ?? 50;
  return { ...content, events: { ...events, 'm.room.tombstone': Math.max(tombstone, 150, stateDefault + 1) } };
}

function highestNeeded(content: JsonObject): number {
  const events = isJsonObject(content.events) ? Object.values(content.events).map((value) => levelOf(value) ?? 0) : [];
  return Math.max(levelOf(content.state_default) ?? 50, levelOf(content.ban) ?? 50, ...events);
}

function closing(content: JsonObject): JsonObject | undefined {
  const level = Math.max((levelOf(content.users_default) ?? 0) + 1, 50);
  const raised: JsonObject = {};
  for (const key of ['events_default', 'invite'] as const)
    if ((levelOf(content[key]) ?? 0) < level) raised[key] = level;
  return Object.keys(raised).length === 0 ? undefined : { ...content, ...raised };
}
