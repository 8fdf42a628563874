import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { StreamPosition, WakeTarget } from './ports.ts';

/** The users whom a room wakes. With `has`, as a `Set` has it, large rooms cost no walk over their members. */
export interface Audience extends Iterable<UserId> {
  readonly size?: number;
  has?(userId: UserId): boolean;
}

export type AudienceOf = (roomId: RoomId) => Audience;

function isInAudience(audience: Audience, userId: UserId): boolean {
  if (audience.has !== undefined) return audience.has(userId);
  for (const member of audience) if (member === userId) return true;
  return false;
}

/**
 * The last wakes, so that one that comes between reading and waiting is not lost. Bounded: of what has been forgotten it
 * says "woken", which costs a reader one look too many and never one too few.
 */
export class RecentWakes {
  readonly #positions: StreamPosition[] = [];
  readonly #targets: (readonly WakeTarget[])[] = [];
  readonly #capacity: number;
  readonly #audienceOf: AudienceOf;
  /** Where the next wake goes: the oldest, once full. */
  #next = 0;
  /** Wakes up to here may have been forgotten. */
  #forgotten: StreamPosition;

  /** `start`: nothing is known of wakes up to this position. */
  constructor(capacity: number, start: StreamPosition, audienceOf: AudienceOf) {
    this.#capacity = capacity;
    this.#forgotten = start;
    this.#audienceOf = audienceOf;
  }

  /** Positions must not descend. */
  remember(position: StreamPosition, targets: readonly WakeTarget[]): void {
    const oldest = this.#positions[this.#next];
    if (oldest !== undefined) this.#forgotten = oldest;
    this.#positions[this.#next] = position;
    this.#targets[this.#next] = targets;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** Whether something may have woken the user after `after`. Looks at no more than `limit` wakes. */
  wokeAfter(userId: UserId, after: StreamPosition, limit = this.#capacity): boolean {
    if (after < this.#forgotten) return true;
    for (let back = 1; back <= this.#positions.length; back++) {
      if (back > limit) return true;
      const at = (this.#next - back + this.#capacity) % this.#capacity;
      if (this.#positions[at]! <= after) return false;
      if (this.#targets[at]!.some((target) => this.#concerns(target, userId))) return true;
    }
    return false;
  }

  #concerns(target: WakeTarget, userId: UserId): boolean {
    return 'userId' in target ? target.userId === userId : isInAudience(this.#audienceOf(target.roomId), userId);
  }
}
