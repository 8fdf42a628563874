import { sendToDevice } from '#api/client/to-device.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { SendToDevice } from './send-to-device.ts';

export function toDeviceRoutes(sender: SendToDevice): Route[] {
  return [
    route(sendToDevice, async ({ requester: { userId, deviceId }, params: { eventType, txnId }, body }) => {
      await sender.send({ userId, deviceId, eventType, txnId }, body.messages);
      return {};
    }),
  ];
}
