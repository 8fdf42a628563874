import type { Clock } from '#platform/clock/index.ts';
import type { CompiledFilter } from '#protocol/filters/index.ts';
import type { ClientEvents, StoredEvent, Visibility } from '#rooms/index.ts';
import type { TimelinePart } from './room-timeline.ts';
import type { SyncRequest } from './sync-request.ts';

/** What of a room's timeline an answer tells, as text. */
export interface TimelineText {
  readonly events: readonly StoredEvent[];
  readonly text: string;
}

/** Who asks for which part of a room's timeline. */
export interface SharedQuery {
  readonly roomNid: number;
  readonly request: Pick<SyncRequest, 'userId' | 'filter'>;
  readonly since: number | undefined;
  readonly upTo: number;
  readonly ignored: ReadonlySet<string>;
}

interface Shared extends TimelineText {
  readonly filter: CompiledFilter;
  readonly madeAt: number;
}

export interface SharingStores {
  readonly visibility: Pick<Visibility, 'sawAllJoined'>;
  readonly clientEvents: Pick<ClientEvents, 'isCommon'>;
}

/** How long a text is told again: how old its events are stands in it, and is that much too little. */
const KEPT_MS = 200;
/** Parts of timelines remembered at most, and filters of each. */
const PARTS_MAX = 200;
const FILTERS_MAX = 8;

/**
 * Texts of new messages, made for the first reader whom they reach and told to all the others who wait for them. A text is
 * shared only by readers to whom it would be the same: they ask from the same place to the same place with the same filter,
 * may each see every event of it and were joined then, and neither sent nor ignore any of it.
 */
export class SharedTimelines {
  readonly #parts = new Map<string, Shared[]>();

  constructor(private readonly clock: Clock) {}

  find(query: SharedQuery, { visibility }: SharingStores): TimelineText | undefined {
    const { request, ignored } = query;
    const known = this.#parts.get(keyOf(query))?.find(({ filter }) => filter === request.filter);
    if (known === undefined || this.clock.monotonic() - known.madeAt > KEPT_MS) return undefined;
    if (known.events.some(({ sender }) => sender === request.userId || ignored.has(sender))) return undefined;
    return visibility.sawAllJoined(known.events, request.userId) ? known : undefined;
  }

  /** Keeps what one reader is told, if others are told the same. */
  offer(query: SharedQuery, part: TimelinePart, text: string, { clientEvents }: SharingStores): void {
    const { request, since } = query;
    if (since === undefined || part.limited || part.hasHidden || part.events.length === 0) return;
    for (const { event, membership } of part.events) {
      if (membership !== 'join' || event.isState || event.sender === request.userId) return;
      if (!clientEvents.isCommon(event)) return;
    }
    const key = keyOf(query);
    const others = (this.#parts.get(key) ?? [])
      .filter(({ filter }) => filter !== request.filter)
      .slice(1 - FILTERS_MAX);
    const events = part.events.map(({ event }) => event);
    this.#parts.delete(key);
    this.#parts.set(key, [...others, { events, text, filter: request.filter, madeAt: this.clock.monotonic() }]);
    for (const oldest of this.#parts.keys()) {
      if (this.#parts.size <= PARTS_MAX) break;
      this.#parts.delete(oldest);
    }
  }
}

function keyOf({ roomNid, since, upTo }: SharedQuery): string {
  return `${roomNid} ${since} ${upTo}`;
}
