import type { JsonObject } from '../json.ts';

/**
 * Filters as on the wire. They may hold further keys, which are kept, since a client reads back what it uploaded.
 * https://spec.matrix.org/v1.19/client-server-api/#filtering
 */
export interface EventFilter {
  readonly limit?: number;
  readonly senders?: readonly string[];
  readonly not_senders?: readonly string[];
  /** `*` stands for any characters. */
  readonly types?: readonly string[];
  readonly not_types?: readonly string[];
}

export interface RoomEventFilter extends EventFilter {
  readonly rooms?: readonly string[];
  readonly not_rooms?: readonly string[];
  readonly contains_url?: boolean;
  readonly lazy_load_members?: boolean;
  readonly include_redundant_members?: boolean;
  readonly unread_thread_notifications?: boolean;
  /** Only events to which one of these users sent a related event. */
  readonly related_by_senders?: readonly string[];
  /** Only events to which another relates in one of these ways. */
  readonly related_by_rel_types?: readonly string[];
  /** MSC3874: only events that relate to another in one of these ways. */
  readonly rel_types?: readonly string[];
  readonly not_rel_types?: readonly string[];
}

/** The filter of state events is a filter of room events. */
export type StateFilter = RoomEventFilter;

export interface RoomFilter {
  readonly rooms?: readonly string[];
  readonly not_rooms?: readonly string[];
  readonly include_leave?: boolean;
  readonly ephemeral?: RoomEventFilter;
  readonly state?: StateFilter;
  readonly timeline?: RoomEventFilter;
  readonly account_data?: RoomEventFilter;
}

export interface Filter {
  readonly event_fields?: readonly string[];
  readonly event_format?: 'client' | 'federation';
  readonly presence?: EventFilter;
  readonly account_data?: EventFilter;
  readonly room?: RoomFilter;
}

/** Keys that have a name of their own in older clients, by the name they have now. */
export const UNSTABLE_NAMES = {
  unread_thread_notifications: 'org.matrix.msc3773.unread_thread_notifications',
  rel_types: 'org.matrix.msc3874.rel_types',
  not_rel_types: 'org.matrix.msc3874.not_rel_types',
} as const;

/** The value of a key under its present name, else under the one it had before. */
export function readKey<Key extends keyof typeof UNSTABLE_NAMES>(
  filter: RoomEventFilter,
  key: Key,
): RoomEventFilter[Key] {
  // `parseFilter` has checked the value under both names alike.
  return filter[key] ?? ((filter as JsonObject)[UNSTABLE_NAMES[key]] as RoomEventFilter[Key]);
}
