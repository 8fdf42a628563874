import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import {
  AuthDataSchema,
  RequestEmailValidationSchema,
  RequestMsisdnValidationSchema,
  RequestTokenResponseSchema,
} from '../schemas.ts';

/**
 * Changes the password, with a token or as one who has shown control of the account's e-mail address.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountpassword
 */
export const changePassword = endpoint({
  operationId: 'changePassword',
  method: 'POST',
  ...v3('/account/password'),
  auth: 'optional',
  suspended: true,
  body: Type.Object({
    // Absent in the first request of user-interactive authentication and in the last, where the session keeps it.
    new_password: Type.Optional(Type.String()),
    logout_devices: Type.Optional(Type.Boolean()),
    auth: Type.Optional(AuthDataSchema),
  }),
});

/**
 * Sends a token by e-mail to reset a password.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountpasswordemailrequesttoken
 */
export const requestTokenToResetPasswordEmail = endpoint({
  operationId: 'requestTokenToResetPasswordEmail',
  method: 'POST',
  ...v3('/account/password/email/requestToken'),
  auth: 'none',
  rateLimit: 'rc_3pid_validation',
  body: RequestEmailValidationSchema,
  response: RequestTokenResponseSchema,
});

/**
 * Sends a token by text message to reset a password.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountpasswordmsisdnrequesttoken
 */
export const requestTokenToResetPasswordMSISDN = endpoint({
  operationId: 'requestTokenToResetPasswordMSISDN',
  method: 'POST',
  ...v3('/account/password/msisdn/requestToken'),
  auth: 'none',
  rateLimit: 'rc_3pid_validation',
  body: RequestMsisdnValidationSchema,
  response: RequestTokenResponseSchema,
});
