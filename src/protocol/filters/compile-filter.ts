import { compileEventFields, type EventFields } from './event-fields.ts';
import { type CompiledEventFilter, compileEventFilter } from './event-matcher.ts';
import type { Filter } from './filter.ts';
import { exactMatcher, type Matcher } from './matchers.ts';

/** The filter of a `/sync`, ready to be asked many times. */
export interface CompiledFilter {
  /** `undefined` when events are to be given whole. */
  readonly eventFields: EventFields | undefined;
  readonly eventFormat: 'client' | 'federation';
  readonly presence: CompiledEventFilter;
  readonly accountData: CompiledEventFilter;
  /** Which rooms are told of at all; applied before the filters below. */
  readonly rooms: Matcher;
  readonly includeLeave: boolean;
  readonly timeline: CompiledEventFilter;
  readonly state: CompiledEventFilter;
  readonly ephemeral: CompiledEventFilter;
  readonly roomAccountData: CompiledEventFilter;
  /** Whether `/sync` gives the members that matter only: `lazy_load_members` of `room.state`. */
  readonly lazyLoadMembers: boolean;
  /** `include_redundant_members` of `room.state`. */
  readonly includeRedundantMembers: boolean;
  /** Whether unread counts are split by thread: `unread_thread_notifications` of `room.timeline`. */
  readonly unreadThreadNotifications: boolean;
}

/** Compiles a checked filter; no filter is the empty one. */
export function compileFilter(filter: Filter = {}): CompiledFilter {
  const room = filter.room ?? {};
  const state = compileEventFilter(room.state);
  const timeline = compileEventFilter(room.timeline);
  return {
    eventFields: compileEventFields(filter.event_fields),
    eventFormat: filter.event_format ?? 'client',
    presence: compileEventFilter(filter.presence),
    accountData: compileEventFilter(filter.account_data),
    rooms: exactMatcher(room.rooms, room.not_rooms),
    includeLeave: room.include_leave ?? false,
    timeline,
    state,
    ephemeral: compileEventFilter(room.ephemeral),
    roomAccountData: compileEventFilter(room.account_data),
    lazyLoadMembers: state.lazyLoadMembers,
    includeRedundantMembers: state.includeRedundantMembers,
    unreadThreadNotifications: timeline.unreadThreadNotifications,
  };
}

/** How many events to give: what the client asked for, at least 1, at most `max`; `fallback` if it did not ask. */
export function clampLimit(
  limit: number | undefined,
  bounds: { readonly fallback: number; readonly max: number },
): number {
  return Math.max(1, Math.min(limit ?? bounds.fallback, bounds.max));
}
