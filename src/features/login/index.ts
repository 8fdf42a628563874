/**
 * Logging in and out: passwords, login tokens (`m.login.token`) and their making, appservices; refreshing tokens. What a
 * session is, and checking passwords, is in `accounts`; single sign-on and OAuth are slices of their own.
 */

import type { Accounts, AppserviceDirectory } from '#accounts/index.ts';
import type { Route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { PasswordConfig, SessionsConfig } from '#platform/config/index.ts';
import type { RateLimits } from '#platform/http/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Reader } from '#platform/storage/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { Login } from './login.ts';
import { LoginTokenStore } from './login-token-store.ts';
import { LoginTokens } from './login-tokens.ts';
import { type LoginFlow, loginRoutes } from './routes.ts';

export { LoginTokens } from './login-tokens.ts';
export type { LoginFlow } from './routes.ts';

export interface LoginDeps {
  readonly accounts: Pick<Accounts, 'users' | 'sessions' | 'devices' | 'credentials' | 'uia' | 'hooks'>;
  readonly reader: Reader;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly random: Random;
  readonly rateLimits: Pick<RateLimits, 'limiter' | 'takeFor' | 'checkFor'>;
  readonly appservices: AppserviceDirectory;
  readonly config: {
    readonly serverName: ServerName;
    readonly password: Pick<PasswordConfig, 'enabled' | 'localdbEnabled'>;
    readonly loginViaExistingSession: SessionsConfig['loginViaExistingSession'];
  };
  /** What `/.well-known/matrix/client` says, also told to who logs in. */
  readonly clientWellKnown: () => JsonObject | undefined;
  /** Further ways to log in, such as single sign-on; `m.login.token` is offered with them. */
  readonly furtherFlows?: () => readonly LoginFlow[];
}

export function loginFeature(deps: LoginDeps): {
  readonly routes: readonly Route[];
  readonly loginTokens: LoginTokens;
  sweep(): Promise<void>;
} {
  const { accounts, config, streams, clock, random } = deps;
  const loginTokens = new LoginTokens(new LoginTokenStore(deps.reader), streams, clock, random);
  accounts.hooks.onAccountDeactivated.push((userId, _options, batch) => batch.add(loginTokens.revokeAll(userId)));
  const login = new Login({
    users: accounts.users,
    sessions: accounts.sessions,
    credentials: accounts.credentials,
    rateLimits: deps.rateLimits,
    appservices: deps.appservices,
    loginTokens,
    passwordsEnabled: config.password.enabled === true && config.password.localdbEnabled,
    furtherTypes: () => (deps.furtherFlows?.() ?? []).map((flow) => flow.type),
  });
  return {
    routes: loginRoutes({
      login,
      loginTokens,
      accounts,
      rateLimits: deps.rateLimits,
      config,
      clientWellKnown: deps.clientWellKnown,
      furtherFlows: deps.furtherFlows ?? (() => []),
    }),
    loginTokens,
    sweep: () => loginTokens.sweep(),
  };
}
