/**
 * Making accounts: by people through user-interactive authentication, by guests, appservices, and whoever knows the shared
 * secret; registration tokens and the rules for names. What an account is, is in `accounts`; its first profile and rooms
 * are given by the slices that own those.
 */

import type { Accounts, AppserviceDirectory } from '#accounts/index.ts';
import type { Route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { ConsentConfig, PasswordConfig, RegistrationConfig, ServerConfig } from '#platform/config/index.ts';
import type { RateLimits } from '#platform/http/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Reader } from '#platform/storage/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import { Registration, type RegistrationDeps } from './registration.ts';
import { RegistrationTokenStore } from './registration-token-store.ts';
import { RegistrationTokens } from './registration-tokens.ts';
import { registrationRoutes } from './routes.ts';
import { SharedSecret } from './shared-secret.ts';
import { captchaStage, termsStage, type VerifyCaptcha } from './stages.ts';
import { Usernames } from './usernames.ts';

export type { Registered, Registration } from './registration.ts';
export type { RegistrationToken } from './registration-token-store.ts';
export { RegistrationTokens, type TokenTerms } from './registration-tokens.ts';
export type { VerifyCaptcha } from './stages.ts';
export { Usernames } from './usernames.ts';

export interface RegistrationFeatureDeps {
  readonly accounts: Pick<
    Accounts,
    'users' | 'lifecycle' | 'sessions' | 'passwords' | 'credentials' | 'uia' | 'authenticator'
  >;
  readonly reader: Reader;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly random: Random;
  readonly rateLimits: Pick<RateLimits, 'limiter' | 'takeFor' | 'checkFor'>;
  readonly appservices: AppserviceDirectory;
  readonly config: {
    readonly server: Pick<ServerConfig, 'serverName' | 'publicBaseurl'>;
    readonly registration: RegistrationConfig;
    readonly password: Pick<PasswordConfig, 'enabled' | 'localdbEnabled'>;
    readonly consent: ConsentConfig | undefined;
  };
  /** Registration is refused where captchas are demanded and there is none. */
  readonly verifyCaptcha?: VerifyCaptcha;
  readonly afterRegistration?: RegistrationDeps['afterRegistration'];
}

export interface RegistrationFeature {
  readonly routes: readonly Route[];
  readonly registration: Registration;
  readonly registrationTokens: RegistrationTokens;
  readonly usernames: Usernames;
}

export function registrationFeature(deps: RegistrationFeatureDeps): RegistrationFeature {
  const { accounts, appservices, clock, config, random, rateLimits, streams } = deps;
  const { serverName, publicBaseurl } = config.server;
  const tokens = new RegistrationTokens(new RegistrationTokenStore(deps.reader), streams, clock, random);
  accounts.uia.addStage(tokens.stage(rateLimits.limiter('rc_registration_token_validity')));
  if (config.consent !== undefined) accounts.uia.addStage(termsStage(config.consent, publicBaseurl));
  if (deps.verifyCaptcha !== undefined) {
    accounts.uia.addStage(captchaStage(config.registration.captcha, deps.verifyCaptcha));
  }
  const usernames = new Usernames({
    serverName,
    users: accounts.users,
    appservices,
    random,
    config: config.registration,
  });
  const registration = new Registration({
    accounts,
    usernames,
    tokens,
    rateLimits,
    appservices,
    config: {
      registration: config.registration,
      consent: config.consent,
      passwordsEnabled: config.password.enabled !== false && config.password.localdbEnabled,
    },
    afterRegistration: deps.afterRegistration ?? (async () => undefined),
  });
  const routes = registrationRoutes({
    registration,
    tokens,
    sharedSecret: new SharedSecret(config.registration.sharedSecret, clock, random),
    passwords: accounts.passwords,
    serverName,
    isEnabled: config.registration.enabled,
  });
  return { routes, registration, registrationTokens: tokens, usernames };
}
