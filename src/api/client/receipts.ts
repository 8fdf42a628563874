import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { RoomIdSchema } from '../schemas.ts';

/**
 * Moves a receipt to an event.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreceiptreceipttypeeventid
 */
export const postReceipt = endpoint({
  operationId: 'postReceipt',
  method: 'POST',
  ...v3('/rooms/{roomId}/receipt/{receiptType}/{eventId}'),
  auth: 'user',
  suspended: true,
  params: Type.Object({
    roomId: RoomIdSchema,
    receiptType: Type.Union([Type.Literal('m.read'), Type.Literal('m.read.private'), Type.Literal('m.fully_read')]),
    eventId: Type.String(),
  }),
  body: Type.Object({
    /**
     * The id of the thread's root, or `main`. Without it the receipt is for the room, whatever the thread. What is no string
     * is an invalid parameter, not bad JSON: the handler refuses it.
     */
    thread_id: Type.Optional(Type.Unknown()),
  }),
});
