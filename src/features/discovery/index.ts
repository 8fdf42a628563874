/**
 * How clients and servers find this server and learn what it speaks: `/versions`, the well-known files, and the absence of
 * an OAuth server. What an account can do is in `capabilities`.
 */
import { getAuthIssuer, getAuthMetadata } from '#api/client/oauth-server-metadata.ts';
import { getWellknownPolicy } from '#api/client/policy-server.ts';
import { getWellknownSupport } from '#api/client/support.ts';
import { getVersions } from '#api/client/versions.ts';
import { getWellknown } from '#api/client/wellknown.ts';
import { type Route, route } from '#api/endpoint.ts';
import { getWellKnown } from '#api/federation/wellknown.ts';
import type { ServerConfig } from '#platform/config/index.ts';
import { jsonResponse } from '#platform/http/index.ts';
import { MatrixError, notFound } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { type UnstableFeaturesConfig, unstableFeatures, VERSIONS } from './versions.ts';
import { clientWellKnown, serverWellKnown, supportWellKnown } from './well-known.ts';

export interface DiscoveryDeps {
  readonly config: UnstableFeaturesConfig & { readonly server: ServerConfig };
  /** Flags of one user that differ from everybody's. */
  readonly featuresOf?: (userId: UserId) => Promise<Readonly<Record<string, boolean>>>;
  /** The public key of the policy server that runs here, unpadded base64. */
  readonly policyServerKey?: string;
}

export interface DiscoveryFeature {
  readonly routes: readonly Route[];
  /** What `/.well-known/matrix/client` answers; logging in tells it too. */
  readonly clientWellKnown: () => JsonObject;
}

/** Proxies may keep what everybody gets. */
const PUBLIC_CACHE = {
  'Cache-Control': 'public, max-age=600, s-maxage=3600, stale-while-revalidate=600',
  Vary: 'Authorization',
};

export function discoveryFeature({ config, featuresOf, policyServerKey }: DiscoveryDeps): DiscoveryFeature {
  const features = unstableFeatures(config);
  return {
    clientWellKnown: () => clientWellKnown(config.server),
    routes: [
      route(getVersions, async ({ requester }) => {
        if (requester === undefined) {
          return jsonResponse(200, { versions: VERSIONS, unstable_features: features }, PUBLIC_CACHE);
        }
        const own = (await featuresOf?.(requester.userId)) ?? {};
        return { versions: [...VERSIONS], unstable_features: { ...features, ...own } };
      }),
      route(getWellknown, () => clientWellKnown(config.server)),
      route(getWellKnown, () => serverWellKnown(config.server) ?? absent()),
      route(getWellknownSupport, () => supportWellKnown(config.server.adminContact) ?? absent()),
      route(getWellknownPolicy, () =>
        policyServerKey === undefined ? absent() : { public_keys: { ed25519: policyServerKey } },
      ),
      route(getAuthMetadata, withoutOauth),
      route(getAuthIssuer, withoutOauth),
    ],
  };
}

function absent(): never {
  throw notFound('Nothing is published here');
}

/** https://spec.matrix.org/v1.19/client-server-api/#authentication-api-discovery */
function withoutOauth(): never {
  throw new MatrixError('M_UNRECOGNIZED', 'This server has no OAuth 2.0 API');
}
