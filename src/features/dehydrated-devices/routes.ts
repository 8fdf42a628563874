import {
  deleteDehydratedDevice,
  getDehydratedDevice,
  getDehydratedDeviceEvents,
  postDehydratedDeviceEvents,
  putDehydratedDevice,
} from '#api/client/dehydrated-device.ts';
import { JsonText, type Route, route } from '#api/endpoint.ts';
import { decodeSyncToken, encodeSyncToken, type Streams } from '#platform/streams/index.ts';
import { invalidParam } from '#protocol/errors.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { DehydratedDevices } from './dehydrated-devices.ts';
import type { MessagesFor } from './ports.ts';

const EVENTS_DEFAULT = 100;
const EVENTS_MAX = 500;

export function dehydratedDeviceRoutes(
  devices: DehydratedDevices,
  messagesFor: MessagesFor,
  streams: Pick<Streams, 'current'>,
): Route[] {
  /** Reading deletes nothing: a client that fails halfway starts again. The messages go with the device. */
  const page = async (userId: UserId, deviceId: DeviceId, from: string | undefined, limit = EVENTS_DEFAULT) => {
    await devices.require(userId, deviceId);
    const since = from === undefined ? 0 : decodeSyncToken(from);
    if (since === undefined) throw invalidParam(`'${from}' is not a token of this endpoint`);
    return messagesFor(userId, deviceId, since, streams.current(), Math.min(Math.max(limit, 1), EVENTS_MAX));
  };
  return [
    route(getDehydratedDevice, async ({ requester }) => {
      const { deviceId, deviceData } = await devices.find(requester.userId);
      return { device_id: deviceId, device_data: deviceData };
    }),
    route(putDehydratedDevice, async ({ requester, body }) => {
      await devices.put(requester.userId, body);
      return { device_id: body.device_id };
    }),
    route(deleteDehydratedDevice, async ({ requester }) => ({ device_id: await devices.delete(requester.userId) })),
    route(getDehydratedDeviceEvents, async ({ requester, params, query }) => {
      const { messages, upTo, hasMore } = await page(requester.userId, params.deviceId, query.from, query.limit);
      return eventsText(messages, hasMore ? encodeSyncToken(upTo) : undefined);
    }),
    route(postDehydratedDeviceEvents, async ({ requester, params, query, body }) => {
      const { messages, upTo } = await page(requester.userId, params.deviceId, body.next_batch, query.limit);
      return eventsText(messages, encodeSyncToken(upTo));
    }),
  ];
}

function eventsText(messages: readonly string[], nextBatch: string | undefined): JsonText {
  const token = nextBatch === undefined ? '' : `,"next_batch":${JSON.stringify(nextBatch)}`;
  return new JsonText(`{"events":[${messages.join(',')}]${token}}`);
}
