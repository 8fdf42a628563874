import type { StreamBatch, StreamPosition } from '#platform/streams/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { StoredEvent } from '#rooms/index.ts';

/** Where it is kept how far users have read, for what they are notified of. */
export interface MarkWriter {
  /** In the batch of a receipt. `thread`: a root's event id, `''` for the main timeline, `undefined` for the whole room. */
  advance(
    batch: StreamBatch,
    mark: {
      readonly userId: UserId;
      readonly roomNid: number;
      readonly thread: string | undefined;
      /** Position of the event that has been read. */
      readonly upTo: number;
      /** Position of the receipt. */
      readonly position: StreamPosition;
    },
  ): void;
}

/** Which thread events belong to; the main timeline is `''`. */
export interface ThreadFinder {
  of(event: StoredEvent): string | Promise<string>;
  /** Whether an event is in the thread of `root`, is that root, or relates to it in whatever way. */
  touches(event: StoredEvent, root: string): Promise<boolean>;
}

/** Where `m.fully_read` is kept: the account data of rooms. */
export interface RoomAccountData {
  get(userId: UserId, key: { readonly roomId: RoomId; readonly type: string }): Promise<JsonObject | undefined>;
  put(
    batch: StreamBatch,
    userId: UserId,
    key: { readonly roomId: RoomId; readonly type: string },
    content: JsonObject,
  ): void;
}
