/**
 * The user's own list of devices: names, last use, deletion. What devices are and how they come about is in `accounts`;
 * their keys are in `e2e-keys`, telling others of changes in `device-lists`, dehydrated ones in `dehydrated-devices`.
 */

import type { Accounts } from '#accounts/index.ts';
import type { Route } from '#api/endpoint.ts';
import { deviceRoutes } from './routes.ts';

export interface DevicesFeatureDeps {
  readonly accounts: Pick<Accounts, 'devices' | 'uia'>;
}

export function devicesFeature({ accounts }: DevicesFeatureDeps): { readonly routes: readonly Route[] } {
  return { routes: deviceRoutes(accounts) };
}
