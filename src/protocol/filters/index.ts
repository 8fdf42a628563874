/**
 * Filters: checking what a client uploads, asking whether an event passes, and cutting events down to the wanted fields.
 * Here is no storage of filters, and no look-up of the relations and members that some filters ask for.
 * https://spec.matrix.org/v1.19/client-server-api/#filtering
 */
export { type CompiledFilter, clampLimit, compileFilter } from './compile-filter.ts';
export { applyEventFields, compileEventFields, type EventFields } from './event-fields.ts';
export {
  type CompiledEventFilter,
  compileEventFilter,
  type FilteredEvent,
  matchesEvent,
  type Relation,
} from './event-matcher.ts';
export type { EventFilter, Filter, RoomEventFilter, RoomFilter, StateFilter } from './filter.ts';
export type { Matcher } from './matchers.ts';
export { parseFilter, parseRoomEventFilter } from './parse-filter.ts';
