import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { AnyKey, JsonObjectSchema } from '../schemas.ts';

/**
 * Sends messages to devices.
 * https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3sendtodeviceeventtypetxnid
 */
export const sendToDevice = endpoint({
  operationId: 'sendToDevice',
  method: 'PUT',
  ...v3('/sendToDevice/{eventType}/{txnId}'),
  auth: 'user',
  guests: true,
  // Suspended users verify their devices. `rc_key_requests` is for `m.room_key_request` alone, hence the handler's matter.
  suspended: true,
  params: Type.Object({ eventType: Type.String(), txnId: Type.String() }),
  body: Type.Object({
    /** Content by user id, then by device id or `*`. */
    messages: Type.Record(AnyKey, Type.Record(AnyKey, JsonObjectSchema)),
  }),
});
