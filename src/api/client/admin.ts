import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v1, v3 } from '../paths.ts';
import { UserIdSchema } from '../schemas.ts';

const params = Type.Object({ userId: UserIdSchema });
const locked = Type.Object({ locked: Type.Boolean() });
const suspended = Type.Object({ suspended: Type.Boolean() });

/**
 * The sessions of a user and where they were last used from; for the user, or a server administrator (the handler checks).
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3adminwhoisuserid
 */
export const getWhoIs = endpoint({
  operationId: 'getWhoIs',
  method: 'GET',
  ...v3('/admin/whois/{userId}', { apiV1: true }),
  auth: 'user',
  params,
  response: Type.Object({
    user_id: UserIdSchema,
    devices: Type.Record(
      Type.String(),
      Type.Object({
        sessions: Type.Array(
          Type.Object({
            connections: Type.Array(
              Type.Object({
                ip: Type.Optional(Type.String()),
                /** Milliseconds since the Unix epoch. */
                last_seen: Type.Optional(Type.Integer()),
                user_agent: Type.Optional(Type.String()),
              }),
            ),
          }),
        ),
      }),
    ),
  }),
});

/** Whether a local account is suspended. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1adminsuspenduserid */
export const getAdminSuspendUser = endpoint({
  operationId: 'getAdminSuspendUser',
  method: 'GET',
  ...v1('/admin/suspend/{userId}', { also: ['/_matrix/client/unstable/uk.timedout.msc4323/admin/suspend/{userId}'] }),
  auth: 'admin',
  params,
  response: suspended,
});

/** Suspends a local account, or lifts that. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv1adminsuspenduserid */
export const setAdminSuspendUser = endpoint({
  operationId: 'setAdminSuspendUser',
  method: 'PUT',
  ...v1('/admin/suspend/{userId}', { also: ['/_matrix/client/unstable/uk.timedout.msc4323/admin/suspend/{userId}'] }),
  auth: 'admin',
  params,
  body: suspended,
  response: suspended,
});

/** Whether a local account is locked. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1adminlockuserid */
export const getAdminLockUser = endpoint({
  operationId: 'getAdminLockUser',
  method: 'GET',
  ...v1('/admin/lock/{userId}', { also: ['/_matrix/client/unstable/uk.timedout.msc4323/admin/lock/{userId}'] }),
  auth: 'admin',
  params,
  response: locked,
});

/** Locks a local account, or unlocks it. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv1adminlockuserid */
export const setAdminLockUser = endpoint({
  operationId: 'setAdminLockUser',
  method: 'PUT',
  ...v1('/admin/lock/{userId}', { also: ['/_matrix/client/unstable/uk.timedout.msc4323/admin/lock/{userId}'] }),
  auth: 'admin',
  params,
  body: locked,
  response: locked,
});
