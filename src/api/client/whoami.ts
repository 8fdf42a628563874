import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { DeviceIdSchema, UserIdSchema } from '../schemas.ts';

/** Whose the access token is. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3accountwhoami */
export const getTokenOwner = endpoint({
  operationId: 'getTokenOwner',
  method: 'GET',
  ...v3('/account/whoami'),
  auth: 'user',
  guests: true,
  rateLimit: 'rc_read',
  response: Type.Object({
    user_id: UserIdSchema,
    device_id: Type.Optional(DeviceIdSchema),
    is_guest: Type.Optional(Type.Boolean()),
  }),
});
