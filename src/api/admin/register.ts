import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { DeviceIdSchema, UserIdSchema } from '../schemas.ts';

const path = '/_synapse/admin/v1/register';

/** A nonce for one registration with the shared secret, valid for a minute. https://element-hq.github.io/synapse/latest/admin_api/register_api.html */
export const getSharedSecretNonce = endpoint({
  operationId: 'getSharedSecretNonce',
  method: 'GET',
  path,
  auth: 'none',
  guests: true,
  response: Type.Object({ nonce: Type.String() }),
});

/**
 * Makes an account for whoever knows the shared secret. `mac` is the hexadecimal HMAC-SHA1 of `nonce`, `username`,
 * `password`, `admin` or `notadmin`, and `user_type` where there is one, joined by NUL.
 * https://element-hq.github.io/synapse/latest/admin_api/register_api.html
 */
export const registerWithSharedSecret = endpoint({
  operationId: 'registerWithSharedSecret',
  method: 'POST',
  path,
  auth: 'none',
  guests: true,
  body: Type.Object({
    nonce: Type.String(),
    username: Type.String(),
    password: Type.String(),
    mac: Type.String(),
    admin: Type.Optional(Type.Boolean()),
    user_type: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    displayname: Type.Optional(Type.String()),
    device_id: Type.Optional(DeviceIdSchema),
    initial_device_display_name: Type.Optional(Type.String()),
    inhibit_login: Type.Optional(Type.Boolean()),
  }),
  response: Type.Object({
    user_id: UserIdSchema,
    home_server: Type.String(),
    access_token: Type.Optional(Type.String()),
    device_id: Type.Optional(DeviceIdSchema),
  }),
});
