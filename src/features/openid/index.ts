/**
 * OpenID tokens: a user hands one to a third party, which asks this server whose it is. Nothing to do with logging in by
 * OpenID Connect.
 */
import type { Accounts } from '#accounts/index.ts';
import { requestOpenIdToken } from '#api/client/openid.ts';
import { type Route, route } from '#api/endpoint.ts';
import { exchangeOpenIdToken } from '#api/federation/openid.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Reader } from '#platform/storage/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import { forbidden } from '#protocol/errors.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import { OpenidTokenStore } from './openid-token-store.ts';
import { OpenidTokens } from './openid-tokens.ts';

export { OpenidTokens } from './openid-tokens.ts';

export interface OpenidFeatureDeps {
  readonly accounts: Pick<Accounts, 'hooks'>;
  readonly reader: Reader;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly random: Random;
  readonly serverName: ServerName;
}

export interface OpenidFeature {
  readonly routes: readonly Route[];
  readonly openidTokens: OpenidTokens;
  /** Deletes what has expired. */
  sweep(): Promise<void>;
}

const LIFETIME_S = 3600;

export function openidFeature({
  accounts,
  reader,
  streams,
  clock,
  random,
  serverName,
}: OpenidFeatureDeps): OpenidFeature {
  const openidTokens = new OpenidTokens(new OpenidTokenStore(reader), streams, clock, random);
  accounts.hooks.onAccountDeactivated.push((userId, _options, batch) => batch.add(openidTokens.revokeAll(userId)));
  return {
    openidTokens,
    sweep: () => openidTokens.sweep(),
    routes: [
      route(requestOpenIdToken, async ({ requester, params }) => {
        if (params.userId !== requester.userId) throw forbidden('Tokens of other users are not to be had');
        return {
          access_token: await openidTokens.create(requester.userId, LIFETIME_S * 1000),
          token_type: 'Bearer' as const,
          matrix_server_name: serverName,
          expires_in: LIFETIME_S,
        };
      }),
      route(exchangeOpenIdToken, async ({ query }) => ({ sub: await openidTokens.ownerOf(query.access_token) })),
    ],
  };
}
