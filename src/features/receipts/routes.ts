import { setReadMarker } from '#api/client/read-markers.ts';
import { postReceipt } from '#api/client/receipts.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { NewReceipt, Receipts } from './receipts.ts';

/** `onActivity`: somebody did something, so that they are there. */
export function receiptRoutes(receipts: Receipts, onActivity: (userId: UserId) => void): readonly Route[] {
  return [
    route(postReceipt, async ({ requester: { userId }, params: { roomId, receiptType: type, eventId }, body }) => {
      await receipts.move(userId, roomId, [{ type, eventId, threadId: body.thread_id }]);
      onActivity(userId);
      return {};
    }),
    route(setReadMarker, async ({ requester: { userId }, params: { roomId }, body }) => {
      const moved: NewReceipt[] = [];
      for (const type of ['m.read', 'm.read.private', 'm.fully_read'] as const) {
        const eventId = body[type];
        if (eventId !== undefined) moved.push({ type, eventId });
      }
      await receipts.move(userId, roomId, moved);
      onActivity(userId);
      return {};
    }),
  ];
}
