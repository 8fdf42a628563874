/**
 * What this server and this account can do, for clients to show or hide it. What the server speaks is in `discovery`.
 */

import type { UserStore } from '#accounts/index.ts';
import { getCapabilities } from '#api/client/capabilities.ts';
import { type Route, route } from '#api/endpoint.ts';
import { type CapabilitiesConfig, capabilitiesOf } from './capabilities.ts';

export type { CapabilitiesConfig } from './capabilities.ts';

export interface CapabilitiesFeatureDeps {
  readonly users: UserStore;
  readonly config: CapabilitiesConfig;
}

export function capabilitiesFeature({ users, config }: CapabilitiesFeatureDeps): { readonly routes: readonly Route[] } {
  return {
    routes: [
      route(getCapabilities, async ({ requester }) => {
        const account = await users.find(requester.userId);
        const about = {
          isAdmin: requester.isAdmin,
          isGuest: requester.isGuest,
          hasPassword: account?.passwordHash !== undefined,
        };
        return { capabilities: capabilitiesOf(about, config) };
      }),
    ],
  };
}
