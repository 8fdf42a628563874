import { type Accounts, createAccounts, NO_APPSERVICES } from '#accounts/index.ts';
import type { Route } from '#api/endpoint.ts';
import { accountFeature } from '#features/account/index.ts';
import { authPagesFeature } from '#features/auth-pages/index.ts';
import { capabilitiesFeature } from '#features/capabilities/index.ts';
import { consentFeature } from '#features/consent/index.ts';
import { devicesFeature } from '#features/devices/index.ts';
import { discoveryFeature } from '#features/discovery/index.ts';
import { loginFeature } from '#features/login/index.ts';
import { openidFeature } from '#features/openid/index.ts';
import { type RegistrationFeature, registrationFeature } from '#features/registration/index.ts';
import { thirdPartyFeature } from '#features/third-party/index.ts';
import { voipFeature } from '#features/voip/index.ts';
import type { Page } from '#platform/http/index.ts';
import type { Rooms } from '#rooms/index.ts';
import type { Platform } from './platform.ts';

export interface AccountSlices {
  readonly accounts: Accounts;
  readonly registration: RegistrationFeature;
  readonly routes: readonly Route[];
  /** What people see in a browser. */
  readonly pages: readonly Page[];
  /** Deletes what has expired. */
  sweep(): Promise<void>;
}

/** Who is asking, and what they may do with their account. */
export function composeAccounts(platform: Platform, { streams }: Pick<Rooms, 'streams'>): AccountSlices {
  const { config, storage, clock, random, log, rateLimits } = platform;
  const { reader } = storage;
  const { serverName } = config.server;
  const accounts = createAccounts({ storage, streams, clock, random, log: log.part('accounts'), rateLimits, config });
  const discovery = discoveryFeature({ config });
  const login = loginFeature({
    accounts,
    reader,
    streams,
    clock,
    random,
    rateLimits,
    appservices: NO_APPSERVICES,
    config: { serverName, password: config.password, loginViaExistingSession: config.sessions.loginViaExistingSession },
    clientWellKnown: discovery.clientWellKnown,
  });
  const registration = registrationFeature({
    accounts,
    reader,
    streams,
    clock,
    random,
    rateLimits,
    appservices: NO_APPSERVICES,
    config,
  });
  const openid = openidFeature({ accounts, reader, streams, clock, random, serverName });
  const authPages = authPagesFeature({ accounts, serverName });
  const consent = consentFeature({
    accounts,
    log: log.part('consent'),
    config: { ...config.server, consent: config.consent },
  });
  const slices = [
    discovery,
    login,
    registration,
    openid,
    authPages,
    accountFeature({ accounts, config: { serverName, password: config.password } }),
    devicesFeature({ accounts }),
    capabilitiesFeature({ users: accounts.users, config: { ...config, canValidateThreepids: false } }),
    voipFeature({ clock, config: config.turn }),
    thirdPartyFeature(),
  ];
  return {
    accounts,
    registration,
    routes: slices.flatMap(({ routes }) => routes),
    pages: [...authPages.pages, ...consent.pages],
    async sweep() {
      await accounts.sweep();
      await login.sweep();
      await openid.sweep();
    },
  };
}
