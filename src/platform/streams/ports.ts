import type { Ending } from '#api/endpoint.ts';
import type { Batch } from '#platform/storage/ports.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';

/**
 * A place in a writer's stream of committed changes. Positions are taken in commit order and are visible only when all
 * before them are.
 */
export type StreamPosition = number;

/** A batch whose changes clients or peers must learn of. */
export interface StreamBatch extends Batch {
  /** The position of the next change; each change takes its own. */
  nextPosition(): StreamPosition;
  /** Runs once the batch is durable, before `current` advances and anyone is woken: for what is kept in memory. */
  afterCommit(run: () => void): void;
  /**
   * As `afterCommit`, and also when the commit failed without saying whether it happened (the connection was lost): for what
   * in memory says that something may have changed, or forgets.
   */
  afterAttempt(run: () => void): void;
  /** Whom to wake once committed. Wake-ups say where to look, never what changed. */
  wake(...targets: readonly WakeTarget[]): void;
}

/** Everyone joined to a room (and those the room wakes besides), or one user. */
export type WakeTarget = { readonly roomId: RoomId } | { readonly userId: UserId };

export interface Streams {
  /** As `Transactor.commit`; wakes waiters after the commit and before it resolves; of many, the rest in later turns. */
  commit<T>(build: (batch: StreamBatch) => T): Promise<T>;
  /** The newest position all of whose predecessors are committed and readable. */
  current(): StreamPosition;
  /** Wakes without a commit: for what lives in memory only (typing). The change still takes a position. */
  announce(...targets: readonly WakeTarget[]): StreamPosition;
  /** Whether something may have woken `userId` after `after`. If not, there is nothing new for them. */
  mayHaveWoken(userId: UserId, after: StreamPosition): boolean;
  /** Resolves when something wakes `userId`, `timeoutMs` have passed or `ending` says so. O(1) while nothing happens. */
  waitForUser(userId: UserId, after: StreamPosition, timeoutMs: number, ending: Ending): Promise<void>;
}
