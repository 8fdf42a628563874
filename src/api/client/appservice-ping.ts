import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v1 } from '../paths.ts';
import { optionalBody } from '../schemas.ts';

/** Has this server ping the appservice that asks. https://spec.matrix.org/v1.19/application-service-api/#post_matrixclientv1appserviceappserviceidping */
export const pingAppservice = endpoint({
  operationId: 'pingAppservice',
  method: 'POST',
  ...v1('/appservice/{appserviceId}/ping', {
    also: ['/_matrix/client/unstable/appservice/{appserviceId}/ping'],
  }),
  auth: 'appservice',
  params: Type.Object({ appserviceId: Type.String() }),
  body: optionalBody(Type.Object({ transaction_id: Type.Optional(Type.String()) })),
  response: Type.Object({ duration_ms: Type.Integer() }),
});
