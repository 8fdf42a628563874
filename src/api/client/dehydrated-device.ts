import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { DeviceIdSchema, JsonObjectSchema, openObject } from '../schemas.ts';
import { DeviceKeysSchema, OneTimeKeysSchema } from './keys.ts';

// All of https://github.com/matrix-org/matrix-spec-proposals/pull/3814; none of it is in the specification yet.
const path = '/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device';
const eventsPath = `${path}/{deviceId}/events`;
const deviceIdAnswer = Type.Object({ device_id: DeviceIdSchema });
const params = Type.Object({ deviceId: DeviceIdSchema });
const DeviceData = openObject({ algorithm: Type.String() });

/** The user's dehydrated device. https://github.com/matrix-org/matrix-spec-proposals/pull/3814 */
export const getDehydratedDevice = endpoint({
  operationId: 'getDehydratedDevice',
  method: 'GET',
  path,
  auth: 'user',
  response: Type.Object({ device_id: DeviceIdSchema, device_data: JsonObjectSchema }),
});

/** Puts a dehydrated device in place of the one before. https://github.com/matrix-org/matrix-spec-proposals/pull/3814 */
export const putDehydratedDevice = endpoint({
  operationId: 'putDehydratedDevice',
  method: 'PUT',
  path,
  auth: 'user',
  suspended: true,
  body: Type.Object({
    device_id: DeviceIdSchema,
    device_data: DeviceData,
    device_keys: DeviceKeysSchema,
    one_time_keys: Type.Optional(OneTimeKeysSchema),
    fallback_keys: Type.Optional(OneTimeKeysSchema),
    initial_device_display_name: Type.Optional(Type.String()),
  }),
  response: deviceIdAnswer,
});

/** Deletes the dehydrated device. https://github.com/matrix-org/matrix-spec-proposals/pull/3814 */
export const deleteDehydratedDevice = endpoint({
  operationId: 'deleteDehydratedDevice',
  method: 'DELETE',
  path,
  auth: 'user',
  suspended: true,
  response: deviceIdAnswer,
});

/** To-device messages for the dehydrated device. No `next_batch`: there are no more. https://github.com/matrix-org/matrix-spec-proposals/pull/3814 */
export const getDehydratedDeviceEvents = endpoint({
  operationId: 'getDehydratedDeviceEvents',
  method: 'GET',
  path: eventsPath,
  auth: 'user',
  params,
  query: Type.Object({
    from: Type.Optional(Type.String()),
    limit: Type.Optional(Type.Integer({ minimum: 0 })),
  }),
  response: Type.Object({ events: Type.Array(JsonObjectSchema), next_batch: Type.Optional(Type.String()) }),
});

/**
 * To-device messages for the dehydrated device, as clients asked before there was the GET: they read on until `events` is
 * empty, so `next_batch` is always there. https://github.com/matrix-org/matrix-spec-proposals/pull/3814
 */
export const postDehydratedDeviceEvents = endpoint({
  operationId: 'postDehydratedDeviceEvents',
  method: 'POST',
  path: eventsPath,
  auth: 'user',
  suspended: true,
  deprecated: true,
  params,
  query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 0 })) }),
  body: Type.Object({ next_batch: Type.Optional(Type.String()) }),
  response: Type.Object({ events: Type.Array(JsonObjectSchema), next_batch: Type.String() }),
});
