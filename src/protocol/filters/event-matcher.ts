import { isJsonObject, type JsonValue } from '../json.ts';
import { type RoomEventFilter, readKey } from './filter.ts';
import { exactMatcher, type Matcher, wildcardMatcher } from './matchers.ts';

/** What a filter reads of an event, a presence update or an account data entry; what it has not stays away. */
export interface FilteredEvent {
  readonly type: string;
  readonly sender?: string | undefined;
  readonly roomId?: string | undefined;
  readonly content: JsonValue | undefined;
  /** `content.m.relates_to.rel_type`, if it is a string. */
  readonly relType?: string | undefined;
  /** The events that relate to this one. Needed only where the filter has `needsRelations`. */
  readonly relations?: readonly Relation[] | undefined;
}

export interface Relation {
  readonly sender: string;
  readonly relType: string;
}

/** A filter of events, ready to be asked many times. */
export interface CompiledEventFilter {
  /** As the client gave it; see `clampLimit`. */
  readonly limit: number | undefined;
  readonly lazyLoadMembers: boolean;
  readonly includeRedundantMembers: boolean;
  readonly unreadThreadNotifications: boolean;
  /** Whether no event can pass. */
  readonly blocksAll: boolean;
  /** Whether every event passes. */
  readonly passesAll: boolean;
  /** Whether `FilteredEvent.relations` decides. */
  readonly needsRelations: boolean;
  readonly types: Matcher;
  readonly senders: Matcher;
  readonly rooms: Matcher;
  readonly relTypes: Matcher;
  readonly containsUrl: boolean | undefined;
  readonly relatedBySenders: ReadonlySet<string> | undefined;
  readonly relatedByRelTypes: ReadonlySet<string> | undefined;
}

/** Compiles a checked filter. An `EventFilter` is one too. */
export function compileEventFilter(filter: RoomEventFilter = {}): CompiledEventFilter {
  const matchers = {
    types: wildcardMatcher(filter.types, filter.not_types),
    senders: exactMatcher(filter.senders, filter.not_senders),
    rooms: exactMatcher(filter.rooms, filter.not_rooms),
    relTypes: exactMatcher(readKey(filter, 'rel_types'), readKey(filter, 'not_rel_types')),
  };
  const relatedBySenders = toSet(filter.related_by_senders);
  const relatedByRelTypes = toSet(filter.related_by_rel_types);
  const needsRelations = relatedBySenders !== undefined || relatedByRelTypes !== undefined;
  const all = Object.values(matchers);
  return {
    ...matchers,
    limit: filter.limit,
    lazyLoadMembers: filter.lazy_load_members ?? false,
    includeRedundantMembers: filter.include_redundant_members ?? false,
    unreadThreadNotifications: readKey(filter, 'unread_thread_notifications') ?? false,
    containsUrl: filter.contains_url,
    relatedBySenders,
    relatedByRelTypes,
    needsRelations,
    blocksAll: all.some((matcher) => matcher.blocksAll),
    passesAll: all.every((matcher) => matcher.passesAll) && filter.contains_url === undefined && !needsRelations,
  };
}

/** Whether an event passes a filter. If the filter needs relations and none are given, it does not. */
export function matchesEvent(filter: CompiledEventFilter, event: FilteredEvent): boolean {
  if (filter.passesAll) return true;
  return (
    filter.types.passes(event.type) &&
    filter.senders.passes(event.sender) &&
    filter.rooms.passes(event.roomId) &&
    filter.relTypes.passes(event.relType) &&
    (filter.containsUrl === undefined || filter.containsUrl === hasUrl(event.content)) &&
    (!filter.needsRelations || (event.relations?.some((relation) => isWanted(filter, relation)) ?? false))
  );
}

function hasUrl(content: JsonValue | undefined): boolean {
  return isJsonObject(content) && Object.hasOwn(content, 'url');
}

function isWanted(filter: CompiledEventFilter, { sender, relType }: Relation): boolean {
  return (filter.relatedBySenders?.has(sender) ?? true) && (filter.relatedByRelTypes?.has(relType) ?? true);
}

/** As in Synapse, an empty list asks for nothing. */
function toSet(values: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return values === undefined || values.length === 0 ? undefined : new Set(values);
}
