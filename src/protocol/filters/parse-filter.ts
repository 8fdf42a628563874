import { badJson } from '../errors.ts';
import { isJsonObject } from '../json.ts';
import { type Filter, type RoomEventFilter, UNSTABLE_NAMES } from './filter.ts';

/** Checks a value; `path` names it in the error, 400 `M_BAD_JSON`. */
type Check = (value: unknown, path: string) => void;

/** More entries than any client sends; it bounds what a filter costs an event. */
const MAX_ENTRIES = 10_000;

/**
 * Checks a filter. Answers the very value, further keys included. Throws 400 `M_BAD_JSON` naming the path of what is wrong,
 * such as `room.timeline.senders[0]`.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3useruseridfilter
 */
export function parseFilter(json: unknown): Filter {
  checkFilter(json, '');
  return json as Filter;
}

/** Checks the filter of `/messages`, `/context` and `/search`, likewise. */
export function parseRoomEventFilter(json: unknown): RoomEventFilter {
  checkRoomEventFilter(json, '');
  return json as RoomEventFilter;
}

const boolean: Check = (value, path) => {
  if (typeof value !== 'boolean') throw badJson(`${path} must be a boolean`);
};

const text: Check = (value, path) => {
  if (typeof value !== 'string') throw badJson(`${path} must be a string`);
};

/** The specification asks for more than 0, but clients send 0 and mean "as few as you can". */
const limit: Check = (value, path) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw badJson(`${path} must be a positive integer`);
};

const eventFormat: Check = (value, path) => {
  if (value !== 'client' && value !== 'federation') throw badJson(`${path} must be 'client' or 'federation'`);
};

function startingWith(sigil: string, what: string): Check {
  return (value, path) => {
    if (typeof value !== 'string' || !value.startsWith(sigil)) throw badJson(`${path} must be a ${what}`);
  };
}

function listOf(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) throw badJson(`${path} must be an array`);
    if (value.length > MAX_ENTRIES) throw badJson(`${path} must not have more than ${MAX_ENTRIES} entries`);
    value.forEach((item, index) => {
      check(item, `${path}[${index}]`);
    });
  };
}

/** Checks the keys that are present. */
function objectOf(checks: Readonly<Record<string, Check>>): Check {
  const entries = Object.entries(checks);
  return (value, path) => {
    if (!isJsonObject(value)) throw badJson(`${path === '' ? 'The filter' : path} must be an object`);
    for (const [key, check] of entries) {
      if (Object.hasOwn(value, key)) check(value[key], path === '' ? key : `${path}.${key}`);
    }
  };
}

const userIds = listOf(startingWith('@', 'user ID'));
const roomIds = listOf(startingWith('!', 'room ID'));
const texts = listOf(text);

const EVENT_FILTER = { limit, senders: userIds, not_senders: userIds, types: texts, not_types: texts };
const ROOMS = { rooms: roomIds, not_rooms: roomIds };
const RENAMED = {
  unread_thread_notifications: boolean,
  rel_types: texts,
  not_rel_types: texts,
} satisfies Record<keyof typeof UNSTABLE_NAMES, Check>;

const checkEventFilter = objectOf(EVENT_FILTER);

const checkRoomEventFilter = objectOf({
  ...EVENT_FILTER,
  ...ROOMS,
  ...RENAMED,
  ...Object.fromEntries(
    Object.entries(UNSTABLE_NAMES).map(([name, unstable]) => [unstable, RENAMED[name as keyof typeof RENAMED]]),
  ),
  related_by_senders: userIds,
  related_by_rel_types: texts,
  contains_url: boolean,
  lazy_load_members: boolean,
  include_redundant_members: boolean,
});

const checkFilter = objectOf({
  event_fields: texts,
  event_format: eventFormat,
  presence: checkEventFilter,
  account_data: checkEventFilter,
  room: objectOf({
    ...ROOMS,
    include_leave: boolean,
    ephemeral: checkRoomEventFilter,
    state: checkRoomEventFilter,
    timeline: checkRoomEventFilter,
    account_data: checkRoomEventFilter,
  }),
});
