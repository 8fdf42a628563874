import type { RoomEvent } from '../events/pdu.ts';
import { parseUserId } from '../identifiers/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { parseLevel, roomCreators } from '../power-levels/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { ALLOWED, type AuthVerdict, refused } from './verdict.ts';

const LEVELS = ['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite'] as const;
const NO_ENTRIES: JsonObject = Object.freeze({});

type LevelMap = 'events' | 'notifications' | 'users';

/** Rule 10: `previous` is the current power levels event of the room, if any. */
export function authorizePowerLevels(
  event: RoomEvent,
  previous: RoomEvent | undefined,
  create: RoomEvent,
  senderLevel: number,
  rules: RoomVersionRules,
): AuthVerdict {
  let objection =
    (rules.integerPowerLevels ? checkIntegers(event.content, rules) : undefined) ?? checkUsers(event, create, rules);
  // 10.5: with no previous event there is nothing to compare with.
  if (objection === undefined && previous !== undefined) {
    objection = new PowerLevelsChange(previous.content, event, senderLevel, rules).check();
  }
  return objection === undefined ? ALLOWED : refused(objection);
}

/** Rules 10.1 and 10.2. */
function checkIntegers(content: JsonObject, rules: RoomVersionRules): string | undefined {
  for (const key of LEVELS) {
    if (content[key] !== undefined && parseLevel(content[key], rules) === undefined) return `${key} is not an integer`;
  }
  return checkValues(content.events, 'events', rules) ?? checkValues(content.notifications, 'notifications', rules);
}

function checkValues(entries: JsonValue | undefined, map: LevelMap, rules: RoomVersionRules): string | undefined {
  if (entries === undefined) return undefined;
  if (!isJsonObject(entries)) return `${map} is not an object`;
  for (const key of Object.keys(entries)) {
    if (parseLevel(entries[key], rules) === undefined) return `${map} holds a value that is not a power level`;
  }
  return undefined;
}

/** Rules 10.3 and 10.4. The property is optional: none at all is as good as an empty one. */
function checkUsers(event: RoomEvent, create: RoomEvent, rules: RoomVersionRules): string | undefined {
  const { users } = event.content;
  const objection = checkValues(users, 'users', rules);
  if (objection !== undefined || !isJsonObject(users)) return objection;
  for (const key of Object.keys(users)) {
    if (parseUserId(key) === undefined) return 'users holds a key that is not a user id';
  }
  const hasCreator = rules.privilegedCreators && roomCreators(create, rules).some((id) => Object.hasOwn(users, id));
  return hasCreator ? 'users holds a creator of the room' : undefined;
}

/** Rules 10.6 to 10.10, over what differs between two contents. */
class PowerLevelsChange {
  private readonly next: JsonObject;

  constructor(
    private readonly current: JsonObject,
    private readonly event: RoomEvent,
    private readonly senderLevel: number,
    private readonly rules: RoomVersionRules,
  ) {
    this.next = event.content;
  }

  check(): string | undefined {
    // 10.6.
    for (const key of LEVELS) {
      const objection = this.checkLevel(key, this.current[key], this.next[key], false);
      if (objection !== undefined) return objection;
    }
    return (
      // 10.7, 10.8.
      this.checkMap('events') ??
      (this.rules.powerLevelsCheckNotifications ? this.checkMap('notifications') : undefined) ??
      // 10.9, 10.10.
      this.checkMap('users')
    );
  }

  private checkMap(map: LevelMap): string | undefined {
    if (this.current[map] === this.next[map]) return undefined;
    const next = this.next[map] ?? NO_ENTRIES;
    const current = isJsonObject(this.current[map]) ? this.current[map] : NO_ENTRIES;
    // Before version 10 no rule says what an `events` that is no object means.
    if (!isJsonObject(next)) return `${map} is not an object`;
    for (const key of Object.keys(current)) {
      const objection = this.checkEntry(map, key, current[key], Object.hasOwn(next, key) ? next[key] : undefined);
      if (objection !== undefined) return objection;
    }
    for (const key of Object.keys(next)) {
      const objection = Object.hasOwn(current, key) ? undefined : this.checkEntry(map, key, undefined, next[key]);
      if (objection !== undefined) return objection;
    }
    return undefined;
  }

  private checkEntry(
    map: LevelMap,
    key: string,
    current: JsonValue | undefined,
    next: JsonValue | undefined,
  ): string | undefined {
    // 10.9 protects the users of the sender's own level too, 10.7 only what is above it.
    return this.checkLevel(key, current, next, map === 'users' && key !== this.event.sender);
  }

  private checkLevel(
    name: string,
    current: JsonValue | undefined,
    next: JsonValue | undefined,
    isPeerProtected: boolean,
  ): string | undefined {
    if (current === next) return undefined;
    const currentLevel = parseLevel(current, this.rules);
    const nextLevel = parseLevel(next, this.rules);
    // Before version 10 the rules above have not looked at the value.
    if (next !== undefined && nextLevel === undefined) return `${name} is not a power level`;
    if (currentLevel === nextLevel) return undefined;
    if (
      currentLevel !== undefined &&
      (currentLevel > this.senderLevel || (isPeerProtected && currentLevel === this.senderLevel))
    ) {
      return `changing ${name} needs a higher power level`;
    }
    if (nextLevel !== undefined && nextLevel > this.senderLevel)
      return `${name} would be above the sender's power level`;
    return undefined;
  }
}
