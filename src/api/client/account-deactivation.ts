import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { AuthDataSchema, optionalBody } from '../schemas.ts';

/**
 * Deactivates the account for good. Without an access token, the user-interactive authentication alone says whose account.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate
 */
export const deactivateAccount = endpoint({
  operationId: 'deactivateAccount',
  method: 'POST',
  ...v3('/account/deactivate'),
  auth: 'optional',
  suspended: true,
  body: optionalBody(
    Type.Object({
      auth: Type.Optional(AuthDataSchema),
      id_server: Type.Optional(Type.String()),
      /** Whether to hide the user's events from those who come later. */
      erase: Type.Optional(Type.Boolean()),
    }),
  ),
  response: Type.Object({
    id_server_unbind_result: Type.Union([Type.Literal('success'), Type.Literal('no-support')]),
  }),
});
