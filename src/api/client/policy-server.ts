import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';

/**
 * The policy server's public keys, unpadded base64 by algorithm.
 * https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixpolicy_server
 */
export const getWellknownPolicy = endpoint({
  operationId: 'getWellknownPolicy',
  method: 'GET',
  path: '/.well-known/matrix/policy_server',
  auth: 'none',
  response: Type.Object({ public_keys: Type.Object({ ed25519: Type.String() }) }),
});
