/**
 * Redacting events: the request, who may ask for it, and the limits. Not here: what a redaction leaves
 * (`protocol/redaction`), how it takes effect on stored events (`rooms/`).
 */
import type { Route } from '#api/endpoint.ts';
import { type RedactionDeps, Redactions } from './redaction.ts';
import { redactionRoutes } from './routes.ts';

export { type RedactionDeps, type RedactionRequest, Redactions } from './redaction.ts';

export function redactionFeature(deps: RedactionDeps): {
  readonly routes: readonly Route[];
  readonly redactions: Redactions;
} {
  const redactions = new Redactions(deps);
  return { routes: redactionRoutes(redactions), redactions };
}
