import { isStorableText } from '#platform/storage/index.ts';
import { parseRoomId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';
import type { RoomSummaryRow } from './tables.ts';

/** The columns that one state event of an empty state key says. */
export type SummaryPatch = Partial<Omit<RoomSummaryRow, 'room_nid' | 'joined_count' | 'is_published' | 'search_text'>>;

type ReadContent = (content: JsonObject) => SummaryPatch;

/** Longer texts are cut: they are shown in lists. */
const MAX_TEXT_LENGTH = 4096;
const MAX_ALLOWED_ROOMS = 200;

/** What each type of state event says of its room. All have an empty state key. */
const READERS: Readonly<Record<string, ReadContent>> = {
  'm.room.create': (content) => ({
    room_type: text(content.type),
    is_federatable: content['m.federate'] === false ? 0 : 1,
  }),
  'm.room.name': (content) => ({ name: text(content.name) }),
  'm.room.topic': (content) => ({ topic: topicOf(content) }),
  'm.room.canonical_alias': (content) => ({ canonical_alias: text(content.alias) }),
  'm.room.avatar': (content) => ({ avatar_url: text(content.url) }),
  'm.room.join_rules': (content) => ({
    join_rule: text(content.join_rule),
    allowed_room_ids: allowedRoomIds(content),
  }),
  'm.room.guest_access': (content) => ({ guest_access: text(content.guest_access) }),
  'm.room.history_visibility': (content) => ({ history_visibility: text(content.history_visibility) }),
  'm.room.encryption': (content) => ({ encryption: text(content.algorithm) }),
};

export const SUMMARY_TYPES: readonly string[] = Object.keys(READERS);

/** What searches find a room by. */
export const SEARCHED_TYPES: readonly string[] = ['m.room.name', 'm.room.topic', 'm.room.canonical_alias'];

/** What a state event says, `undefined` for types that say nothing. */
export function readContent(type: string, content: JsonObject): SummaryPatch | undefined {
  return Object.hasOwn(READERS, type) ? READERS[type]!(content) : undefined;
}

export function searchTextOf(row: Pick<SummaryPatch, 'name' | 'topic' | 'canonical_alias'>): string {
  return [row.name, row.topic, row.canonical_alias]
    .filter((part) => typeof part === 'string')
    .join('\n')
    .toLowerCase();
}

/** A text as a database can keep it, null for what is none or empty. */
function text(value: JsonValue | undefined): string | null {
  if (typeof value !== 'string' || value === '') return null;
  const cut = value.length > MAX_TEXT_LENGTH ? value.slice(0, MAX_TEXT_LENGTH) : value;
  return isStorableText(cut) ? cut : cut.replaceAll('\0', '').toWellFormed();
}

/** The plain text; older clients write only `topic`. https://spec.matrix.org/v1.19/client-server-api/#mroomtopic */
function topicOf(content: JsonObject): string | null {
  const rich = content['m.topic'];
  const representations = isJsonObject(rich) && Array.isArray(rich['m.text']) ? rich['m.text'] : [];
  const plain = representations.find(
    (entry) => isJsonObject(entry) && (entry.mimetype === undefined || entry.mimetype === 'text/plain'),
  );
  return (isJsonObject(plain) ? text(plain.body) : null) ?? text(content.topic);
}

/** https://spec.matrix.org/v1.19/client-server-api/#restricted-rooms */
function allowedRoomIds(content: JsonObject): string | null {
  if (content.join_rule !== 'restricted' && content.join_rule !== 'knock_restricted') return null;
  const conditions = Array.isArray(content.allow) ? content.allow : [];
  const ids = conditions
    .filter((condition) => isJsonObject(condition) && condition.type === 'm.room_membership')
    .map((condition) => (condition as JsonObject).room_id)
    .filter((id) => typeof id === 'string' && parseRoomId(id) !== undefined);
  return JSON.stringify([...new Set(ids)].slice(0, MAX_ALLOWED_ROOMS));
}
