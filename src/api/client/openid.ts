import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { ServerNameSchema, UserIdSchema } from '../schemas.ts';

/**
 * A token that proves the user's identity to a third party.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3useruseridopenidrequest_token
 */
export const requestOpenIdToken = endpoint({
  operationId: 'requestOpenIdToken',
  method: 'POST',
  ...v3('/user/{userId}/openid/request_token'),
  auth: 'user',
  params: Type.Object({ userId: UserIdSchema }),
  // The body is reserved for future use and ignored.
  response: Type.Object({
    access_token: Type.String(),
    token_type: Type.Literal('Bearer'),
    matrix_server_name: ServerNameSchema,
    /** In seconds. */
    expires_in: Type.Integer(),
  }),
});
