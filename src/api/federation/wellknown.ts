import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';

/**
 * Where other servers find this one.
 * https://spec.matrix.org/v1.19/server-server-api/#getwell-knownmatrixserver
 */
export const getWellKnown = endpoint({
  operationId: 'getWellKnown',
  method: 'GET',
  path: '/.well-known/matrix/server',
  auth: 'none',
  response: Type.Object({ 'm.server': Type.String() }),
});
