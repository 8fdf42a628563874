import { isOwnProperty, type OwnProperty, ownValue } from './default-rules.ts';
import type { FlatEvent } from './flat-event.ts';
import { compileGlob, containsWord } from './glob.ts';
import { parseMemberCount } from './member-count.ts';
import { parsePropertyPath } from './property-path.ts';

/** The member of a room for whom an event is evaluated. */
export interface PushUser {
  readonly userId: string;
  /** Their display name in the room; `undefined` or empty if they have none. */
  readonly displayName?: string | undefined;
  /** Whether they are subscribed to the event's thread; `undefined` if it is in none, or nobody keeps subscriptions. */
  readonly threadSubscription?: boolean | undefined;
}

/** Asks what is the same for each user. */
export type SharedTest = (event: FlatEvent) => boolean;
/** Asks what depends on the user. */
export type UserTest = (event: FlatEvent, user: PushUser) => boolean;

/** A condition whose parameters are not known to be well-formed. */
export interface UncheckedCondition {
  readonly kind: string;
  readonly key?: unknown;
  readonly is?: unknown;
  readonly pattern?: unknown;
  readonly value?: unknown;
  readonly subscribed?: unknown;
}

/** A condition in two halves, both of which must hold. */
export interface CompiledCondition {
  readonly shared?: SharedTest;
  readonly user?: UserTest;
  /** When present, the condition holds in this room at most; its id in lower case. */
  readonly onlyInRoom?: string;
}

const BODY_KEY = 'content.body';
const BODY_PATH = parsePropertyPath(BODY_KEY);

/** What a notification needs of its sender where the room does not say. */
const DEFAULT_NOTIFICATION_LEVEL = 50;

/**
 * Compiles a condition; `undefined` if it can never hold, because its kind is unknown or its parameters are malformed.
 * https://spec.matrix.org/v1.19/client-server-api/#conditions-1
 */
export function compileCondition(condition: UncheckedCondition): CompiledCondition | undefined {
  const { kind, key } = condition;
  switch (kind) {
    case 'event_match':
      return typeof key === 'string' ? compileMatch(key, condition.pattern) : undefined;
    case 'event_property_is':
      return typeof key === 'string' ? compilePropertyIs(key, condition.value) : undefined;
    case 'event_property_contains':
      return typeof key === 'string' ? compilePropertyContains(key, condition.value) : undefined;
    case 'contains_display_name':
      return { shared: hasBody, user: (event, user) => bodyContains(event, user.displayName) };
    case 'room_member_count':
      return compileMemberCount(condition.is);
    case 'sender_notification_permission':
      return typeof key === 'string' ? { shared: (event) => mayNotify(event, key) } : undefined;
    case 'io.element.msc4306.thread_subscription':
      return compileThreadSubscription(condition.subscribed);
    default:
      return undefined;
  }
}

/** The `pattern` of a `content` rule, which is matched against the body. */
export function compileBodyPattern(pattern: string | OwnProperty): CompiledCondition | undefined {
  return compileMatch(BODY_KEY, pattern);
}

/** Whether `value` may be compared by `event_property_is` and `event_property_contains`. */
export function isComparable(value: unknown): value is string | number | boolean | null {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value);
}

function compileMatch(key: string, pattern: unknown): CompiledCondition | undefined {
  if (isOwnProperty(pattern)) return compileOwnMatch(key, pattern);
  if (typeof pattern !== 'string') return undefined;
  const path = parsePropertyPath(key);
  const lowerPattern = pattern.toLowerCase();
  const glob = compileGlob(lowerPattern);
  const inWords = path.length === 2 && path[0] === 'content' && path[1] === 'body';
  const shared: SharedTest = (event) => {
    const text = event.lowerText(key, path);
    return text !== undefined && (inWords ? glob.matchesWord(text) : glob.matches(text));
  };
  return key === 'room_id' && glob.isLiteral ? { shared, onlyInRoom: lowerPattern } : { shared };
}

/** Names of the user are not patterns: they are taken as they are, whatever characters they hold. */
function compileOwnMatch(key: string, own: OwnProperty): CompiledCondition {
  if (key === BODY_KEY) {
    return { shared: hasBody, user: (event, user) => bodyContains(event, ownValue(own, user.userId)) };
  }
  const path = parsePropertyPath(key);
  return { user: (event, user) => event.value(path) === ownValue(own, user.userId) };
}

function compilePropertyIs(key: string, value: unknown): CompiledCondition | undefined {
  if (!isComparable(value)) return undefined;
  const path = parsePropertyPath(key);
  return { shared: (event) => event.value(path) === value };
}

function compilePropertyContains(key: string, value: unknown): CompiledCondition | undefined {
  const path = parsePropertyPath(key);
  if (isOwnProperty(value)) {
    return {
      shared: (event) => event.strings(key, path) !== undefined,
      user: (event, user) => event.strings(key, path)?.has(ownValue(value, user.userId)) ?? false,
    };
  }
  if (!isComparable(value)) return undefined;
  return {
    shared: (event) => {
      const array = event.value(path);
      return Array.isArray(array) && array.includes(value);
    },
  };
}

function compileMemberCount(is: unknown): CompiledCondition | undefined {
  const holds = parseMemberCount(is);
  return holds === undefined ? undefined : { shared: (event) => holds(event.room.memberCount) };
}

function compileThreadSubscription(subscribed: unknown): CompiledCondition | undefined {
  return typeof subscribed === 'boolean' ? { user: (_, user) => user.threadSubscription === subscribed } : undefined;
}

function mayNotify({ room }: FlatEvent, key: string): boolean {
  return (
    room.senderPowerLevel !== undefined && room.senderPowerLevel >= notificationLevel(room.notificationLevels, key)
  );
}

/** Old room versions let power levels be strings. */
function notificationLevel(levels: FlatEvent['room']['notificationLevels'], key: string): number {
  const level = levels !== undefined && Object.hasOwn(levels, key) ? levels[key] : undefined;
  if (typeof level === 'number') return level;
  return typeof level === 'string' && /^\s*[+-]?[0-9]+\s*$/.test(level) ? Number(level) : DEFAULT_NOTIFICATION_LEVEL;
}

function hasBody(event: FlatEvent): boolean {
  return Boolean(event.lowerText(BODY_KEY, BODY_PATH));
}

function bodyContains(event: FlatEvent, name: string | undefined): boolean {
  // An empty name would be found in every body.
  if (!name) return false;
  const body = event.lowerText(BODY_KEY, BODY_PATH);
  return body !== undefined && containsWord(body, name.toLowerCase());
}
