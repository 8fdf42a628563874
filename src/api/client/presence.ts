import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { UserIdSchema } from '../schemas.ts';

const params = Type.Object({ userId: UserIdSchema });
const State = Type.Union([
  Type.Literal('online'),
  Type.Literal('offline'),
  Type.Literal('unavailable'),
  // https://github.com/matrix-org/matrix-spec-proposals/pull/3026
  Type.Literal('busy'),
]);

/** A user's presence. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3presenceuseridstatus */
export const getPresence = endpoint({
  operationId: 'getPresence',
  method: 'GET',
  ...v3('/presence/{userId}/status', { apiV1: true }),
  auth: 'user',
  params,
  response: Type.Object({
    presence: State,
    /** In milliseconds. */
    last_active_ago: Type.Optional(Type.Integer()),
    status_msg: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    currently_active: Type.Optional(Type.Boolean()),
  }),
});

/** Sets one's own presence. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3presenceuseridstatus */
export const setPresence = endpoint({
  operationId: 'setPresence',
  method: 'PUT',
  ...v3('/presence/{userId}/status', { apiV1: true }),
  auth: 'user',
  rateLimit: 'rc_presence',
  params,
  body: Type.Object({ presence: State, status_msg: Type.Optional(Type.String()) }),
});
