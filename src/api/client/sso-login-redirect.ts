import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';

const query = Type.Object({
  redirectUrl: Type.String(),
  action: Type.Optional(Type.Union([Type.Literal('login'), Type.Literal('register')])),
});
const cas = v3('/login/cas/redirect', { apiV1: true });

/**
 * Redirects to single sign-on, or to a choice of identity providers.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3loginssoredirect
 */
export const redirectToSSO = endpoint({
  operationId: 'redirectToSSO',
  method: 'GET',
  ...v3('/login/sso/redirect', { apiV1: true, also: [cas.path, ...cas.aliases] }),
  auth: 'none',
  query,
  response: Type.Unknown(),
});

/**
 * Redirects to one identity provider.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3loginssoredirectidpid
 */
export const redirectToIdP = endpoint({
  operationId: 'redirectToIdP',
  method: 'GET',
  ...v3('/login/sso/redirect/{idpId}'),
  auth: 'none',
  params: Type.Object({ idpId: Type.String() }),
  query,
  response: Type.Unknown(),
});

/** Where a CAS server sends the browser back to; answers with a page or a redirect. Not in the specification. */
export const receiveCasTicket = endpoint({
  operationId: 'receiveCasTicket',
  method: 'GET',
  ...v3('/login/cas/ticket', { apiV1: true }),
  auth: 'none',
  query: Type.Object({
    ticket: Type.String(),
    /** The client's `redirectUrl`. */
    redirectUrl: Type.Optional(Type.String()),
    /** The session, where CAS is a stage of user-interactive authentication. */
    session: Type.Optional(Type.String()),
  }),
  response: Type.Unknown(),
});
