import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v1 } from '../paths.ts';
import { AuthDataSchema, optionalBody } from '../schemas.ts';

/** A token with which another client logs in as the requester. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv1loginget_token */
export const generateLoginToken = endpoint({
  operationId: 'generateLoginToken',
  method: 'POST',
  ...v1('/login/get_token', { also: ['/_matrix/client/unstable/org.matrix.msc3882/login/token'] }),
  auth: 'user',
  suspended: true,
  rateLimit: 'rc_login',
  body: optionalBody(Type.Object({ auth: Type.Optional(AuthDataSchema) })),
  response: Type.Object({ login_token: Type.String(), expires_in_ms: Type.Integer() }),
});
