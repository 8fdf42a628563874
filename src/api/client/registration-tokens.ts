import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v1 } from '../paths.ts';

/**
 * Whether a registration token could be used now.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1registermloginregistration_tokenvalidity
 */
export const registrationTokenValidity = endpoint({
  operationId: 'registrationTokenValidity',
  method: 'GET',
  ...v1('/register/m.login.registration_token/validity', {
    also: ['/_matrix/client/unstable/register/m.login.registration_token/validity'],
  }),
  auth: 'none',
  rateLimit: 'rc_registration_token_validity',
  query: Type.Object({ token: Type.String() }),
  response: Type.Object({ valid: Type.Boolean() }),
});
