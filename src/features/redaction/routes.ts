import { redactEvent, redactEventLegacy } from '#api/client/redaction.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Redactions } from './redaction.ts';

export function redactionRoutes(redactions: Redactions): readonly Route[] {
  return [
    route(redactEvent, async ({ requester, params, body, request }) => {
      const { roomId, eventId: redacts, txnId } = params;
      const redaction = { roomId, redacts, content: contentOf(body), txnId };
      return { event_id: await redactions.redact({ requester, ip: request.ip }, redaction) };
    }),
    route(redactEventLegacy, async ({ requester, params, body, request }) => {
      const { roomId, eventId: redacts } = params;
      const redaction = { roomId, redacts, content: contentOf(body) };
      return { event_id: await redactions.redact({ requester, ip: request.ip }, redaction) };
    }),
  ];
}

/** Clients may put keys of their own into the redaction; which event it redacts is in the path. */
function contentOf(body: { readonly reason?: string }): JsonObject {
  const { redacts: _redacts, ...content } = body as JsonObject;
  return content;
}
