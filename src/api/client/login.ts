import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { DeviceIdSchema, JsonObjectSchema, openObject, UserIdSchema } from '../schemas.ts';

/** The ways to log in. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3login */
export const getLoginFlows = endpoint({
  operationId: 'getLoginFlows',
  method: 'GET',
  ...v3('/login', { apiV1: true }),
  auth: 'none',
  rateLimit: 'rc_read',
  response: Type.Object({
    flows: Type.Array(
      Type.Object({
        type: Type.String(),
        /** With `m.login.token`: `POST /login/get_token` exists. */
        get_login_token: Type.Optional(Type.Boolean()),
        /** With `m.login.sso`. */
        identity_providers: Type.Optional(
          Type.Array(
            Type.Object({
              id: Type.String(),
              name: Type.String(),
              icon: Type.Optional(Type.String()),
              brand: Type.Optional(Type.String()),
            }),
          ),
        ),
        /** With `m.login.sso`: clients that know OAuth offer this flow alone. */
        oauth_aware_preferred: Type.Optional(Type.Boolean()),
        /** The same, as clients knew it before. https://github.com/matrix-org/matrix-spec-proposals/pull/3824 */
        'org.matrix.msc3824.delegated_oidc_compatibility': Type.Optional(Type.Boolean()),
      }),
    ),
  }),
});

/**
 * Logs in and makes an access token. Which of the fields are needed depends on `type`; modules may define further ones.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3login
 */
export const login = endpoint({
  operationId: 'login',
  method: 'POST',
  ...v3('/login', { apiV1: true }),
  // An appservice's token comes in the header; it is looked at only for `type: m.login.application_service`.
  auth: 'none',
  // The buckets of `rc_login` go by address, by account and by failed attempt: the handler takes the latter two.
  rateLimit: 'rc_login',
  body: openObject({
    type: Type.String(),
    /** https://spec.matrix.org/v1.19/client-server-api/#identifier-types */
    identifier: Type.Optional(
      openObject({
        type: Type.Optional(Type.String()),
        user: Type.Optional(Type.String()),
        medium: Type.Optional(Type.String()),
        address: Type.Optional(Type.String()),
        country: Type.Optional(Type.String()),
        phone: Type.Optional(Type.String()),
        /** What `phone` was called before r0. */
        number: Type.Optional(Type.String()),
      }),
    ),
    /** Deprecated for `identifier`, as are `medium` and `address`: a localpart or a user id. */
    user: Type.Optional(Type.String()),
    medium: Type.Optional(Type.String()),
    address: Type.Optional(Type.String()),
    password: Type.Optional(Type.String()),
    token: Type.Optional(Type.String()),
    device_id: Type.Optional(DeviceIdSchema),
    initial_device_display_name: Type.Optional(Type.String()),
    refresh_token: Type.Optional(Type.Boolean()),
  }),
  response: Type.Object({
    user_id: UserIdSchema,
    access_token: Type.String(),
    device_id: DeviceIdSchema,
    home_server: Type.Optional(Type.String()),
    refresh_token: Type.Optional(Type.String()),
    expires_in_ms: Type.Optional(Type.Integer()),
    /** What `/.well-known/matrix/client` answers. */
    well_known: Type.Optional(JsonObjectSchema),
  }),
});
