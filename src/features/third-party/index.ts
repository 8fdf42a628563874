/**
 * Looking up people and places on other networks. The networks are those that appservices bridge to; without any, there is
 * nothing to be found.
 */
import type { Static } from '@sinclair/typebox';
import {
  getProtocolMetadata,
  getProtocols,
  type LocationSchema,
  type ProtocolSchema,
  queryLocationByAlias,
  queryLocationByProtocol,
  queryUserByID,
  queryUserByProtocol,
  type ThirdPartyUserSchema,
} from '#api/client/third-party-lookup.ts';
import { type Route, route } from '#api/endpoint.ts';
import { notFound } from '#protocol/errors.ts';

export type ThirdPartyProtocol = Static<typeof ProtocolSchema>;
export type ThirdPartyLocation = Static<typeof LocationSchema>;
export type ThirdPartyUser = Static<typeof ThirdPartyUserSchema>;
/** What is known of somebody or some place on a network. */
export type ThirdPartyFields = Readonly<Record<string, string>>;

/** The bridged networks, asked for at every appservice that has them. */
export interface ThirdPartyNetworks {
  protocols(): Promise<Readonly<Record<string, ThirdPartyProtocol>>>;
  locations(protocol: string, fields: ThirdPartyFields): Promise<readonly ThirdPartyLocation[]>;
  locationsOfAlias(alias: string): Promise<readonly ThirdPartyLocation[]>;
  users(protocol: string, fields: ThirdPartyFields): Promise<readonly ThirdPartyUser[]>;
  usersOfUserId(userId: string): Promise<readonly ThirdPartyUser[]>;
}

export const NO_NETWORKS: ThirdPartyNetworks = {
  protocols: async () => ({}),
  locations: async () => [],
  locationsOfAlias: async () => [],
  users: async () => [],
  usersOfUserId: async () => [],
};

export interface ThirdPartyFeatureDeps {
  readonly networks?: ThirdPartyNetworks;
}

/** https://spec.matrix.org/v1.19/client-server-api/#third-party-networks */
export function thirdPartyFeature({ networks = NO_NETWORKS }: ThirdPartyFeatureDeps = {}): {
  readonly routes: readonly Route[];
} {
  return {
    routes: [
      route(getProtocols, async () => ({ ...(await networks.protocols()) })),
      route(getProtocolMetadata, async ({ params }) => {
        const protocols = await networks.protocols();
        const protocol = Object.hasOwn(protocols, params.protocol) ? protocols[params.protocol] : undefined;
        if (protocol === undefined) throw notFound('Unknown protocol');
        return protocol;
      }),
      route(queryLocationByProtocol, async ({ params, request }) =>
        some(await networks.locations(params.protocol, fieldsOf(request.search)), 'No rooms were found'),
      ),
      route(queryLocationByAlias, async ({ query }) =>
        some(await networks.locationsOfAlias(query.alias), 'The room alias was not found'),
      ),
      route(queryUserByProtocol, async ({ params, request }) =>
        some(await networks.users(params.protocol, fieldsOf(request.search)), 'No users were found'),
      ),
      route(queryUserByID, async ({ query }) =>
        some(await networks.usersOfUserId(query.userid), 'The user was not found'),
      ),
    ],
  };
}

/** The specification has 404 for nothing found. */
function some<T>(found: readonly T[], message: string): T[] {
  if (found.length === 0) throw notFound(message);
  return [...found];
}

/** A protocol's fields are the keys of the query; the token is none of them, wherever it stands. */
function fieldsOf(search: URLSearchParams): ThirdPartyFields {
  return Object.fromEntries([...search].filter(([name]) => name !== 'access_token'));
}
