import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import {
  AuthDataSchema,
  DeviceIdSchema,
  RequestEmailValidationSchema,
  RequestMsisdnValidationSchema,
  RequestTokenResponseSchema,
  UserIdSchema,
} from '../schemas.ts';

/**
 * Makes an account. Incomplete user-interactive authentication is a 401 with the flows; an appservice registers its users
 * here with its own token. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3register
 */
export const register = endpoint({
  operationId: 'register',
  method: 'POST',
  ...v3('/register'),
  // An appservice's token comes in the header; it is looked at only for `type: m.login.application_service`.
  auth: 'none',
  // One registration takes several requests, all of them before an account exists: the bucket `rc_registration` is taken
  // from where the account is made, else one person registering would empty it.
  rateLimit: undefined,
  query: Type.Object({ kind: Type.Optional(Type.Union([Type.Literal('guest'), Type.Literal('user')])) }),
  body: Type.Object({
    auth: Type.Optional(AuthDataSchema),
    username: Type.Optional(Type.String()),
    password: Type.Optional(Type.String()),
    device_id: Type.Optional(DeviceIdSchema),
    initial_device_display_name: Type.Optional(Type.String()),
    inhibit_login: Type.Optional(Type.Boolean()),
    refresh_token: Type.Optional(Type.Boolean()),
    /** `m.login.application_service`. */
    type: Type.Optional(Type.String()),
    /** What old bridges send in place of `username`. */
    user: Type.Optional(Type.String()),
    /** A guest's access token, to turn the guest into a full account. */
    guest_access_token: Type.Optional(Type.String()),
  }),
  response: Type.Object({
    user_id: UserIdSchema,
    home_server: Type.Optional(Type.String()),
    device_id: Type.Optional(DeviceIdSchema),
    access_token: Type.Optional(Type.String()),
    refresh_token: Type.Optional(Type.String()),
    expires_in_ms: Type.Optional(Type.Integer()),
  }),
});

/**
 * Whether a localpart is valid and free.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3registeravailable
 */
export const checkUsernameAvailability = endpoint({
  operationId: 'checkUsernameAvailability',
  method: 'GET',
  ...v3('/register/available'),
  auth: 'none',
  rateLimit: 'rc_read',
  query: Type.Object({ username: Type.String() }),
  response: Type.Object({ available: Type.Boolean() }),
});

/**
 * Sends a token by e-mail, for an address not yet bound here.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3registeremailrequesttoken
 */
export const requestTokenToRegisterEmail = endpoint({
  operationId: 'requestTokenToRegisterEmail',
  method: 'POST',
  ...v3('/register/email/requestToken'),
  auth: 'none',
  rateLimit: 'rc_3pid_validation',
  body: RequestEmailValidationSchema,
  response: RequestTokenResponseSchema,
});

/**
 * Sends a token by text message.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3registermsisdnrequesttoken
 */
export const requestTokenToRegisterMSISDN = endpoint({
  operationId: 'requestTokenToRegisterMSISDN',
  method: 'POST',
  ...v3('/register/msisdn/requestToken'),
  auth: 'none',
  rateLimit: 'rc_3pid_validation',
  body: RequestMsisdnValidationSchema,
  response: RequestTokenResponseSchema,
});

/** The link in the registration e-mail; answers with a page or a redirect to `next_link`. Not in the specification. */
export const submitRegistrationToken = endpoint({
  operationId: 'submitRegistrationToken',
  method: 'GET',
  path: '/_matrix/client/unstable/registration/{medium}/submit_token',
  auth: 'none',
  params: Type.Object({ medium: Type.String() }),
  query: Type.Object({ sid: Type.String(), client_secret: Type.String(), token: Type.String() }),
  response: Type.Unknown(),
});
