import type { StreamBatch, StreamPosition } from '#platform/streams/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { MARK_EVERYTHING, MARK_JOINED, type ReadMarkStore } from './read-mark-store.ts';
import type { UnreadChanges } from './unread-changes.ts';

/** That a user has read up to an event. */
export interface ReadMark {
  readonly userId: UserId;
  readonly roomNid: number;
  /** Event id of a thread's root, `''` for the main timeline; `undefined` for all of the room. */
  readonly thread: string | undefined;
  /** Position of the event, which is read itself. */
  readonly upTo: number;
  /** Position of this change in the stream. */
  readonly position: StreamPosition;
  /** Whether it is the event with which the user came into the room. */
  readonly joined?: boolean;
}

/** Writes how far users have read. */
export class ReadMarks {
  constructor(
    private readonly store: ReadMarkStore,
    private readonly changes: UnreadChanges,
  ) {}

  /** In the batch of what says so. A mark behind the one there is takes no effect. */
  advance(batch: StreamBatch, { userId, roomNid, thread, upTo, position, joined }: ReadMark): void {
    const mark = { user_id: userId, room_nid: roomNid, position: upTo };
    batch.add(this.store.advance({ ...mark, thread: thread ?? MARK_EVERYTHING }));
    if (joined) batch.add(this.store.advance({ ...mark, thread: MARK_JOINED }));
    batch.afterCommit(() => this.changes.marked(userId, roomNid, position));
  }
}
