import { sendMessage, sendMessageLegacy } from '#api/client/room-send.ts';
import { setRoomStateWithKey } from '#api/client/room-state.ts';
import { type RequestInfo, type Route, route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import { refuseDelay } from './check-content.ts';
import type { Caller } from './ports.ts';
import type { EventSender } from './send-event.ts';

export function sendEventRoutes(sender: EventSender): readonly Route[] {
  return [
    route(sendMessage, async ({ requester, params, query, body, request }) => {
      refuseDelay(query['org.matrix.msc4140.delay']);
      const { roomId, eventType: type, txnId } = params;
      const eventId = await sender.send(callerOf(requester, request), {
        roomId,
        type,
        stateKey: undefined,
        content: body,
        contentText: request.bodyText,
        txnId,
        originServerTs: query.ts,
      });
      return { event_id: eventId };
    }),
    route(sendMessageLegacy, async ({ requester, params, query, body, request }) => {
      refuseDelay(query['org.matrix.msc4140.delay']);
      const { roomId, eventType: type } = params;
      const eventId = await sender.send(callerOf(requester, request), {
        roomId,
        type,
        stateKey: undefined,
        content: body,
        contentText: request.bodyText,
        originServerTs: query.ts,
      });
      return { event_id: eventId };
    }),
    route(setRoomStateWithKey, async ({ requester, params, query, body, request }) => {
      refuseDelay(query['org.matrix.msc4140.delay']);
      const { roomId, eventType: type, stateKey = '' } = params;
      const eventId = await sender.send(callerOf(requester, request), {
        roomId,
        type,
        stateKey,
        content: body,
        contentText: request.bodyText,
        originServerTs: query.ts,
      });
      return { event_id: eventId };
    }),
  ];
}

/** The address costs a system call, and few look at it. */
function callerOf(requester: Requester, request: RequestInfo): Caller {
  return {
    requester,
    get ip() {
      return request.ip;
    },
  };
}
