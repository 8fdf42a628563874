/**
 * Receipts: how far users have read, as they tell each other, and the fully read marker, which is account data that is
 * written here. Here are the endpoints, the table, and what `/sync` reads of it.
 * Not here: what reading changes about unread counts (`notifications`, told through `MarkWriter`).
 */
import type { Route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Reader } from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { Rooms } from '#rooms/index.ts';
import type { MarkWriter, RoomAccountData, ThreadFinder } from './ports.ts';
import { ReceiptStore } from './receipt-store.ts';
import { Receipts } from './receipts.ts';
import { receiptRoutes } from './routes.ts';

export type { MarkWriter, RoomAccountData, ThreadFinder } from './ports.ts';
export type { Receipts } from './receipts.ts';

export interface ReceiptsFeatureDeps {
  readonly reader: Reader;
  readonly clock: Clock;
  readonly rooms: Pick<Rooms, 'streams' | 'events' | 'visibility'>;
  readonly marks: MarkWriter;
  readonly threads: ThreadFinder;
  readonly accountData: RoomAccountData;
  /** Told of whoever reads something: presence follows it. */
  readonly onActivity: (userId: UserId) => void;
}

export function receiptsFeature(deps: ReceiptsFeatureDeps): {
  readonly routes: readonly Route[];
  readonly receipts: Receipts;
} {
  const { reader, clock, rooms, marks, threads, accountData, onActivity } = deps;
  const store = new ReceiptStore(reader);
  const { streams, events, visibility } = rooms;
  const receipts = new Receipts({ store, streams, events, visibility, marks, threads, accountData, clock });
  return { receipts, routes: receiptRoutes(receipts, onActivity) };
}
