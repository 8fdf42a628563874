import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { AnyKey, JsonObjectSchema } from '../schemas.ts';

/**
 * A third-party network that an appservice bridges to.
 * https://spec.matrix.org/v1.19/client-server-api/#definition-protocol
 */
export const ProtocolSchema = Type.Object({
  user_fields: Type.Array(Type.String()),
  location_fields: Type.Array(Type.String()),
  icon: Type.String(),
  field_types: Type.Record(AnyKey, Type.Object({ regexp: Type.String(), placeholder: Type.String() })),
  instances: Type.Array(
    Type.Object({
      desc: Type.String(),
      icon: Type.Optional(Type.String()),
      fields: JsonObjectSchema,
      network_id: Type.String(),
      instance_id: Type.Optional(Type.String()),
    }),
  ),
});

/** https://spec.matrix.org/v1.19/client-server-api/#definition-location */
export const LocationSchema = Type.Object({
  alias: Type.String(),
  protocol: Type.String(),
  fields: JsonObjectSchema,
});

/** https://spec.matrix.org/v1.19/client-server-api/#definition-user */
export const ThirdPartyUserSchema = Type.Object({
  userid: Type.String(),
  protocol: Type.String(),
  fields: JsonObjectSchema,
});

const params = Type.Object({ protocol: Type.String() });

/** The bridged networks. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartyprotocols */
export const getProtocols = endpoint({
  operationId: 'getProtocols',
  method: 'GET',
  ...v3('/thirdparty/protocols'),
  auth: 'user',
  guests: true,
  response: Type.Record(AnyKey, ProtocolSchema),
});

/** One bridged network. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartyprotocolprotocol */
export const getProtocolMetadata = endpoint({
  operationId: 'getProtocolMetadata',
  method: 'GET',
  ...v3('/thirdparty/protocol/{protocol}'),
  auth: 'user',
  guests: true,
  params,
  response: ProtocolSchema,
});

/**
 * The rooms for a place on a network; its fields are the query's other keys.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartylocationprotocol
 */
export const queryLocationByProtocol = endpoint({
  operationId: 'queryLocationByProtocol',
  method: 'GET',
  ...v3('/thirdparty/location/{protocol}'),
  auth: 'user',
  guests: true,
  params,
  response: Type.Array(LocationSchema),
});

/**
 * The places that a room alias stands for.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartylocation
 */
export const queryLocationByAlias = endpoint({
  operationId: 'queryLocationByAlias',
  method: 'GET',
  ...v3('/thirdparty/location'),
  auth: 'user',
  guests: true,
  query: Type.Object({ alias: Type.String() }),
  response: Type.Array(LocationSchema),
});

/**
 * The Matrix users for a person on a network; the person's fields are the query's other keys.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartyuserprotocol
 */
export const queryUserByProtocol = endpoint({
  operationId: 'queryUserByProtocol',
  method: 'GET',
  ...v3('/thirdparty/user/{protocol}'),
  auth: 'user',
  guests: true,
  params,
  response: Type.Array(ThirdPartyUserSchema),
});

/**
 * The people that a Matrix user stands for.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartyuser
 */
export const queryUserByID = endpoint({
  operationId: 'queryUserByID',
  method: 'GET',
  ...v3('/thirdparty/user'),
  auth: 'user',
  guests: true,
  query: Type.Object({ userid: Type.String() }),
  response: Type.Array(ThirdPartyUserSchema),
});
