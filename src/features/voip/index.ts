/** Credentials for the TURN server, through which calls go that cannot connect directly. Calls themselves are events. */
import { createHmac } from 'node:crypto';
import { getTurnServer } from '#api/client/voip.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { TurnConfig } from '#platform/config/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';

export interface VoipFeatureDeps {
  readonly clock: Clock;
  readonly config: TurnConfig;
}

export function voipFeature({ clock, config }: VoipFeatureDeps): { readonly routes: readonly Route[] } {
  return {
    routes: [
      route(getTurnServer, ({ requester }) => {
        if (requester.isGuest && !config.allowGuests) {
          throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests may not use the TURN server');
        }
        return turnCredentials(requester.userId, clock.now(), config);
      }),
    ],
  };
}

/**
 * With a shared secret, a user name that says when it expires and its HMAC as password, which the TURN server checks by
 * itself. Empty without a TURN server. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3voipturnserver
 */
function turnCredentials(userId: UserId, nowMs: number, config: TurnConfig) {
  const { uris, sharedSecret, username, password, userLifetimeMs } = config;
  const ttl = Math.floor(userLifetimeMs / 1000);
  const served = { uris: [...uris], ttl };
  if (uris.length === 0) return {};
  if (sharedSecret !== undefined) {
    const name = `${Math.floor((nowMs + userLifetimeMs) / 1000)}:${userId}`;
    return { ...served, username: name, password: createHmac('sha1', sharedSecret).update(name).digest('base64') };
  }
  return username === undefined || password === undefined ? {} : { ...served, username, password };
}
