import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { UserIdSchema } from '../schemas.ts';

/**
 * Whose an OpenID token is. Anybody with the token may ask, signed or not.
 * https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1openiduserinfo
 */
export const exchangeOpenIdToken = endpoint({
  operationId: 'exchangeOpenIdToken',
  method: 'GET',
  path: '/_matrix/federation/v1/openid/userinfo',
  auth: 'none',
  // Left out, it is no valid token: the handler says so as for any other.
  query: Type.Object({ access_token: Type.Optional(Type.String()) }),
  response: Type.Object({ sub: UserIdSchema }),
});
