/**
 * Managing an account: who am I, password, deactivation, third-party identifiers, and what administrators may do to others'
 * accounts through the client-server API (look up sessions, lock, suspend). Devices are a slice of their own; the accounts
 * themselves are in `accounts`.
 */

import type { Accounts } from '#accounts/index.ts';
import type { Route } from '#api/endpoint.ts';
import type { PasswordConfig } from '#platform/config/index.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import { accountRoutes } from './account-routes.ts';
import { moderationRoutes } from './moderation-routes.ts';
import { threepidRoutes } from './threepid-routes.ts';

export interface AccountFeatureDeps {
  readonly accounts: Pick<Accounts, 'users' | 'lifecycle' | 'devices' | 'passwords' | 'uia'>;
  readonly config: {
    readonly serverName: ServerName;
    readonly password: PasswordConfig;
  };
}

export function accountFeature({ accounts, config }: AccountFeatureDeps): { readonly routes: readonly Route[] } {
  return {
    routes: [
      ...accountRoutes({ accounts, password: config.password }),
      ...moderationRoutes({ accounts, serverName: config.serverName }),
      ...threepidRoutes(accounts.uia),
    ],
  };
}
