import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { ClientEventSchema, MembershipSchema, RoomIdSchema } from '../schemas.ts';

/**
 * A room's state and latest events.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidinitialsync
 */
export const roomInitialSync = endpoint({
  operationId: 'roomInitialSync',
  method: 'GET',
  ...v3('/rooms/{roomId}/initialSync', { apiV1: true }),
  auth: 'user',
  guests: true,
  params: Type.Object({ roomId: RoomIdSchema }),
  query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 0 })) }),
  response: Type.Object({
    room_id: RoomIdSchema,
    membership: Type.Optional(MembershipSchema),
    messages: Type.Optional(
      Type.Object({
        start: Type.Optional(Type.String()),
        end: Type.String(),
        chunk: Type.Array(ClientEventSchema),
      }),
    ),
    state: Type.Optional(Type.Array(ClientEventSchema)),
    visibility: Type.Optional(Type.Union([Type.Literal('private'), Type.Literal('public')])),
    account_data: Type.Optional(Type.Array(ClientEventSchema)),
    presence: Type.Optional(Type.Array(ClientEventSchema)),
    receipts: Type.Optional(Type.Array(ClientEventSchema)),
  }),
});
