import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { JsonObjectSchema, UserIdSchema } from '../schemas.ts';

const params = Type.Object({ userId: UserIdSchema, keyName: Type.String() });
const path = v3('/profile/{userId}/{keyName}', {
  apiV1: true,
  // https://github.com/matrix-org/matrix-spec-proposals/pull/4133
  also: ['/_matrix/client/unstable/uk.tcpip.msc4133/profile/{userId}/{keyName}'],
});
const query = Type.Object({
  /** `false` leaves the user's room memberships alone. https://github.com/matrix-org/matrix-spec-proposals/pull/4069 */
  'org.matrix.msc4069.propagate': Type.Optional(Type.Boolean()),
});

/**
 * A user's profile. Who asks matters where the server shows profiles to its users or to room mates only.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3profileuserid
 */
export const getUserProfile = endpoint({
  operationId: 'getUserProfile',
  method: 'GET',
  ...v3('/profile/{userId}', {
    apiV1: true,
    also: ['/_matrix/client/unstable/uk.tcpip.msc4133/profile/{userId}'],
  }),
  auth: 'optional',
  guests: true,
  params: Type.Object({ userId: UserIdSchema }),
  response: JsonObjectSchema,
});

/**
 * One field of a profile, as `{ [keyName]: value }`.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3profileuseridkeyname
 */
export const getProfileField = endpoint({
  operationId: 'getProfileField',
  method: 'GET',
  ...path,
  auth: 'optional',
  guests: true,
  params,
  response: JsonObjectSchema,
});

/**
 * Sets one field, given as `{ [keyName]: value }`; guests set their display name only.
 * https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3profileuseridkeyname
 */
export const setProfileField = endpoint({
  operationId: 'setProfileField',
  method: 'PUT',
  ...path,
  auth: 'user',
  guests: true,
  rateLimit: 'rc_profile',
  params,
  query,
  body: JsonObjectSchema,
});

/**
 * Removes one field; guests remove their display name only.
 * https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3profileuseridkeyname
 */
export const deleteProfileField = endpoint({
  operationId: 'deleteProfileField',
  method: 'DELETE',
  ...path,
  auth: 'user',
  guests: true,
  rateLimit: 'rc_profile',
  params,
  query,
});
