import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { AuthDataSchema, DeviceIdSchema, optionalBody } from '../schemas.ts';

const nullableString = Type.Union([Type.String(), Type.Null()]);
const params = Type.Object({ deviceId: DeviceIdSchema });
const Device = Type.Object({
  device_id: DeviceIdSchema,
  display_name: Type.Optional(nullableString),
  last_seen_ip: Type.Optional(nullableString),
  /** Milliseconds since the Unix epoch. */
  last_seen_ts: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
});

/** The requester's devices. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3devices */
export const getDevices = endpoint({
  operationId: 'getDevices',
  method: 'GET',
  ...v3('/devices'),
  auth: 'user',
  guests: true,
  response: Type.Object({ devices: Type.Array(Device) }),
});

/** One of the requester's devices. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3devicesdeviceid */
export const getDevice = endpoint({
  operationId: 'getDevice',
  method: 'GET',
  ...v3('/devices/{deviceId}'),
  auth: 'user',
  guests: true,
  params,
  response: Device,
});

/** Renames a device; for an appservice, also makes one: then the answer is a 201. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3devicesdeviceid */
export const updateDevice = endpoint({
  operationId: 'updateDevice',
  method: 'PUT',
  ...v3('/devices/{deviceId}'),
  auth: 'user',
  guests: true,
  suspended: true,
  params,
  body: Type.Object({ display_name: Type.Optional(nullableString) }),
});

/** Deletes a device and its access tokens. https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3devicesdeviceid */
export const deleteDevice = endpoint({
  operationId: 'deleteDevice',
  method: 'DELETE',
  ...v3('/devices/{deviceId}'),
  auth: 'user',
  suspended: true,
  params,
  body: optionalBody(Type.Object({ auth: Type.Optional(AuthDataSchema) })),
});

/** Deletes several devices and their access tokens. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3delete_devices */
export const deleteDevices = endpoint({
  operationId: 'deleteDevices',
  method: 'POST',
  ...v3('/delete_devices'),
  auth: 'user',
  suspended: true,
  body: Type.Object({ devices: Type.Array(DeviceIdSchema), auth: Type.Optional(AuthDataSchema) }),
});
