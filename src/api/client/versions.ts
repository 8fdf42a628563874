import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { AnyKey } from '../schemas.ts';

/**
 * What the server speaks; some features depend on the user.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientversions
 */
export const getVersions = endpoint({
  operationId: 'getVersions',
  method: 'GET',
  path: '/_matrix/client/versions',
  auth: 'optional',
  guests: true,
  response: Type.Object({
    versions: Type.Array(Type.String()),
    unstable_features: Type.Optional(Type.Record(AnyKey, Type.Boolean())),
  }),
});
