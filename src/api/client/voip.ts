import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';

/**
 * Credentials for the TURN server. Empty where there is none.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3voipturnserver
 */
export const getTurnServer = endpoint({
  operationId: 'getTurnServer',
  method: 'GET',
  ...v3('/voip/turnServer', { apiV1: true }),
  auth: 'user',
  // Guests only where `turn_allow_guests` is set: the handler's matter.
  guests: true,
  rateLimit: 'rc_read',
  response: Type.Partial(
    Type.Object({
      username: Type.String(),
      password: Type.String(),
      uris: Type.Array(Type.String()),
      /** In seconds. */
      ttl: Type.Integer(),
    }),
  ),
});
