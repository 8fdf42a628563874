import type { RoomEvent } from '../events/pdu.ts';
import type { UserId } from '../identifiers/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { parseLevel } from './parse-level.ts';
import { roomCreators } from './room-creators.ts';

/** The power of a creator from room version 12: above any level that content can name. Not JSON: never put it in content. */
export const CREATOR_POWER = Number.POSITIVE_INFINITY;

export type PowerAction = 'ban' | 'kick' | 'redact' | 'invite' | 'notifications.room';

const DEFAULT_USER_LEVEL = 0;
const DEFAULT_STATE_LEVEL = 50;
const DEFAULT_MESSAGE_LEVEL = 0;
const DEFAULT_NOTIFICATION_LEVEL = 50;
/** What a creator has up to version 11 as long as the room has no `m.room.power_levels`. */
const DEFAULT_CREATOR_LEVEL = 100;
const DEFAULT_ACTION_LEVELS = { ban: 50, kick: 50, redact: 50, invite: 0 } as const;

/**
 * The power levels of a room at one state. Making one costs an allocation and nothing is parsed until asked for, so it can be
 * made for a single question or kept for as long as the state holds. A value that is no level reads as if it were absent.
 * https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
 */
export class PowerLevels {
  /** `content` is that of the current `m.room.power_levels`, `undefined` if the room has none. */
  constructor(
    private readonly content: JsonObject | undefined,
    readonly creators: readonly UserId[],
    private readonly rules: Pick<RoomVersionRules, 'integerPowerLevels' | 'privilegedCreators'>,
  ) {}

  /** The power of a user, member or not; `CREATOR_POWER` for the creators of a room of version 12 and later. */
  userLevel(userId: UserId): number {
    if (this.rules.privilegedCreators && this.creators.includes(userId)) return CREATOR_POWER;
    if (this.content === undefined) {
      return this.creators.includes(userId) ? DEFAULT_CREATOR_LEVEL : DEFAULT_USER_LEVEL;
    }
    return this.entry('users', userId) ?? this.level(this.content.users_default) ?? DEFAULT_USER_LEVEL;
  }

  /** The level required to send an event of `type`. Membership events do not follow it, but rules of their own. */
  eventLevel(type: string, isState: boolean): number {
    const own = this.entry('events', type);
    if (own !== undefined) return own;
    return isState
      ? (this.level(this.content?.state_default) ?? DEFAULT_STATE_LEVEL)
      : (this.level(this.content?.events_default) ?? DEFAULT_MESSAGE_LEVEL);
  }

  /** The level required for an action that is no sending of an event; `redact` is for the events of others. */
  actionLevel(action: PowerAction): number {
    if (action === 'notifications.room') return this.notificationLevel('room');
    return this.level(this.content?.[action]) ?? DEFAULT_ACTION_LEVELS[action];
  }

  /** The level required to trigger the notification `key`, as the push condition `sender_notification_permission` asks. */
  notificationLevel(key: string): number {
    return this.entry('notifications', key) ?? DEFAULT_NOTIFICATION_LEVEL;
  }

  private entry(map: 'users' | 'events' | 'notifications', key: string): number | undefined {
    const entries = this.content?.[map];
    // `key` is untrusted: a key such as `constructor` reaches the prototype, whose members are no levels.
    return isJsonObject(entries) ? this.level(entries[key]) : undefined;
  }

  private level(value: JsonValue | undefined): number | undefined {
    return value === undefined ? undefined : parseLevel(value, this.rules);
  }
}

/** The power levels of a state from its two events. Without a create event nobody counts as a creator. */
export function readPowerLevels(
  powerLevelsEvent: Pick<RoomEvent, 'content'> | undefined,
  createEvent: Pick<RoomEvent, 'sender' | 'content'> | undefined,
  rules: RoomVersionRules,
): PowerLevels {
  const creators = createEvent === undefined ? [] : roomCreators(createEvent, rules);
  return new PowerLevels(powerLevelsEvent?.content, creators, rules);
}
