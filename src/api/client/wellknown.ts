import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { openObject } from '../schemas.ts';

const Server = Type.Object({ base_url: Type.String() });

/** Where clients find this server. https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixclient */
export const getWellknown = endpoint({
  operationId: 'getWellknown',
  method: 'GET',
  path: '/.well-known/matrix/client',
  auth: 'none',
  // Open-ended: operators add keys of their own.
  response: openObject({ 'm.homeserver': Server, 'm.identity_server': Type.Optional(Server) }),
});
