import { ChangeCache, type StreamPosition } from '#platform/streams/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';

const ROOMS_MAX = 200_000;
const MARKS_MAX = 200_000;

/** When what counts are made of last changed: counts in memory are good until then. */
export class UnreadChanges {
  readonly #events: ChangeCache<number>;
  readonly #redactions: ChangeCache<number>;
  readonly #marks: ChangeCache<string>;

  /** Nothing is known of changes up to `floor`. */
  constructor(floor: StreamPosition) {
    this.#events = new ChangeCache(floor, ROOMS_MAX);
    this.#redactions = new ChangeCache(floor, ROOMS_MAX);
    this.#marks = new ChangeCache(floor, MARKS_MAX);
  }

  /** An event notified somebody. */
  notified(roomNid: number, position: StreamPosition): void {
    this.#events.changed(roomNid, position);
  }

  /** An event that notified somebody is no more. */
  redacted(roomNid: number, position: StreamPosition): void {
    this.#redactions.changed(roomNid, position);
  }

  /** A user has read on. */
  marked(userId: UserId, roomNid: number, position: StreamPosition): void {
    this.#marks.changed(`${roomNid} ${userId}`, position);
  }

  hasNotifiedSince(roomNid: number, since: StreamPosition): boolean {
    return this.#events.hasChanged(roomNid, since);
  }

  /** Whether what a user's count was at `since` is no longer true of the events up to then. */
  isRewrittenSince(userId: UserId, roomNid: number, since: StreamPosition): boolean {
    return this.#redactions.hasChanged(roomNid, since) || this.#marks.hasChanged(`${roomNid} ${userId}`, since);
  }
}
