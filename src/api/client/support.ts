import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';

/**
 * Whom to turn to; one of the two keys is always there.
 * https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixsupport
 */
export const getWellknownSupport = endpoint({
  operationId: 'getWellknownSupport',
  method: 'GET',
  path: '/.well-known/matrix/support',
  auth: 'none',
  response: Type.Object({
    contacts: Type.Optional(
      Type.Array(
        Type.Object({
          matrix_id: Type.Optional(Type.String()),
          email_address: Type.Optional(Type.String()),
          role: Type.String(),
        }),
      ),
    ),
    support_page: Type.Optional(Type.String()),
  }),
});
