/**
 * Sending message and state events: `PUT send`, `PUT state` and their older forms, with the checks that a server makes of
 * its own users' events before the room engine does (content, relations, aliases, floats) and once-only transaction ids.
 * Not here: membership and redactions, which events of those types are handed to; auth rules, signing and storing
 * (`rooms/`); the store of transaction ids (`rooms/event-transactions.ts`).
 */
import type { Route } from '#api/endpoint.ts';
import type { SendEventDeps } from './ports.ts';
import { sendEventRoutes } from './routes.ts';
import { EventSender } from './send-event.ts';

export { checkContent } from './check-content.ts';
export type { Caller, SendEventDeps } from './ports.ts';
export { EventSender, type SendRequest } from './send-event.ts';

export function sendEventFeature(deps: SendEventDeps): {
  readonly routes: readonly Route[];
  readonly sender: EventSender;
} {
  const sender = new EventSender(deps);
  return { routes: sendEventRoutes(sender), sender };
}
