import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';

/**
 * Exchanges a refresh token for a new access token.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3refresh
 */
export const refresh = endpoint({
  operationId: 'refresh',
  method: 'POST',
  ...v3('/refresh'),
  auth: 'none',
  // No `rc_login`: a client of short-lived tokens refreshes more often than that bucket fills.
  body: Type.Object({ refresh_token: Type.String() }),
  response: Type.Object({
    access_token: Type.String(),
    refresh_token: Type.Optional(Type.String()),
    expires_in_ms: Type.Optional(Type.Integer()),
  }),
});

/** The exchange as it was before the specification had it: always refused with 403. Not in the specification. */
export const tokenRefreshLegacy = endpoint({
  operationId: 'tokenRefreshLegacy',
  method: 'POST',
  ...v3('/tokenrefresh'),
  auth: 'none',
  deprecated: true,
});
