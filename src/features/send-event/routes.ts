import { sendMessage, sendMessageLegacy } from '#api/client/room-send.ts';
import { setRoomStateWithKey } from '#api/client/room-state.ts';
import { type Route, route } from '#api/endpoint.ts';
import { refuseDelay } from './check-content.ts';
import type { EventSender } from './send-event.ts';

export function sendEventRoutes(sender: EventSender): readonly Route[] {
  return [
    route(sendMessage, async ({ requester, params, query, body, request }) => {
      refuseDelay(query['org.matrix.msc4140.delay']);
      const { roomId, eventType: type, txnId } = params;
      const eventId = await sender.send(
        { requester, ip: request.ip },
        {
          roomId,
          type,
          stateKey: undefined,
          content: body,
          contentText: request.bodyText,
          txnId,
          originServerTs: query.ts,
        },
      );
      return { event_id: eventId };
    }),
    route(sendMessageLegacy, async ({ requester, params, query, body, request }) => {
      refuseDelay(query['org.matrix.msc4140.delay']);
      const { roomId, eventType: type } = params;
      const eventId = await sender.send(
        { requester, ip: request.ip },
        { roomId, type, stateKey: undefined, content: body, contentText: request.bodyText, originServerTs: query.ts },
      );
      return { event_id: eventId };
    }),
    route(setRoomStateWithKey, async ({ requester, params, query, body, request }) => {
      refuseDelay(query['org.matrix.msc4140.delay']);
      const { roomId, eventType: type, stateKey = '' } = params;
      const eventId = await sender.send(
        { requester, ip: request.ip },
        { roomId, type, stateKey, content: body, contentText: request.bodyText, originServerTs: query.ts },
      );
      return { event_id: eventId };
    }),
  ];
}
