import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { RoomIdSchema } from '../schemas.ts';

const paths = v3('/directory/list/appservice/{networkId}/{roomId}', { apiV1: true });
const params = Type.Object({ networkId: Type.String(), roomId: RoomIdSchema });

/**
 * Lists a room in an appservice's network of the directory, or takes it off. `visibility` is `public` where left out.
 * https://spec.matrix.org/v1.19/application-service-api/#put_matrixclientv3directorylistappservicenetworkidroomid
 */
export const updateAppserviceRoomDirectoryVisibility = endpoint({
  operationId: 'updateAppserviceRoomDirectoryVisibility',
  method: 'PUT',
  ...paths,
  auth: 'appservice',
  params,
  body: Type.Object({
    visibility: Type.Optional(Type.Union([Type.Literal('public'), Type.Literal('private')])),
  }),
});

/** Takes a room off an appservice's network of the directory. Not in the specification. */
export const deleteAppserviceRoomDirectoryVisibility = endpoint({
  operationId: 'deleteAppserviceRoomDirectoryVisibility',
  method: 'DELETE',
  ...paths,
  auth: 'appservice',
  params,
});
