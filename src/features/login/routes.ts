import type { Accounts } from '#accounts/index.ts';
import { getLoginFlows, login as loginContract } from '#api/client/login.ts';
import { generateLoginToken } from '#api/client/login-token.ts';
import { logout, logout_all } from '#api/client/logout.ts';
import { refresh, tokenRefreshLegacy } from '#api/client/refresh.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { PasswordConfig, SessionsConfig } from '#platform/config/index.ts';
import type { RateLimits } from '#platform/http/index.ts';
import { forbidden, MatrixError } from '#protocol/errors.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Login } from './login.ts';
import type { LoginTokens } from './login-tokens.ts';

/** A way to log in, as `GET /login` tells it. */
export interface LoginFlow {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface LoginRoutesDeps {
  readonly login: Login;
  readonly loginTokens: LoginTokens;
  readonly accounts: Pick<Accounts, 'sessions' | 'devices' | 'uia'>;
  readonly rateLimits: Pick<RateLimits, 'takeFor' | 'checkFor'>;
  readonly config: {
    readonly serverName: ServerName;
    readonly password: Pick<PasswordConfig, 'enabled' | 'localdbEnabled'>;
    readonly loginViaExistingSession: SessionsConfig['loginViaExistingSession'];
  };
  readonly clientWellKnown: () => JsonObject | undefined;
  readonly furtherFlows: () => readonly LoginFlow[];
}

export function loginRoutes(deps: LoginRoutesDeps): readonly Route[] {
  return [...sessionRoutes(deps), loginTokenRoute(deps)];
}

function sessionRoutes({ login, accounts, config, clientWellKnown, furtherFlows }: LoginRoutesDeps): readonly Route[] {
  const { sessions, devices } = accounts;
  return [
    route(getLoginFlows, () => ({ flows: flows(config, furtherFlows()) })),
    route(loginContract, async ({ body, request }) => {
      const tokens = await login.login(body, request);
      const wellKnown = clientWellKnown();
      return {
        user_id: tokens.userId,
        access_token: tokens.accessToken,
        home_server: config.serverName,
        device_id: tokens.deviceId,
        ...(tokens.refreshToken === undefined ? {} : { refresh_token: tokens.refreshToken }),
        ...(tokens.expiresInMs === undefined ? {} : { expires_in_ms: tokens.expiresInMs }),
        ...(wellKnown === undefined ? {} : { well_known: wellKnown }),
      };
    }),
    route(refresh, async ({ body }) => {
      const { accessToken, refreshToken, expiresInMs } = await sessions.refresh(body.refresh_token);
      return { access_token: accessToken, refresh_token: refreshToken, expires_in_ms: expiresInMs };
    }),
    route(tokenRefreshLegacy, () => {
      throw forbidden('This exchange of tokens is no longer supported; use /refresh');
    }),
    route(logout, async ({ requester: { userId, deviceId, tokenId } }) => {
      if (deviceId !== undefined) await devices.delete(userId, [deviceId]);
      else if (tokenId !== undefined) await sessions.end({ userId, sessionId: tokenId });
      return {};
    }),
    route(logout_all, async ({ requester }) => {
      await devices.deleteAll(requester.userId);
      return {};
    }),
  ];
}

function loginTokenRoute({ accounts, config, loginTokens, rateLimits }: LoginRoutesDeps): Route {
  const { enabled, requireUiAuth, tokenTimeoutMs } = config.loginViaExistingSession;
  return route(generateLoginToken, async ({ requester, body, request }) => {
    if (!enabled) throw new MatrixError('M_UNRECOGNIZED', 'Login by an existing session is disabled');
    const isLimited = requester.appserviceId === undefined;
    if (isLimited) await rateLimits.checkFor('rc_login.account', requester, request.ip);
    if (requireUiAuth) await accounts.uia.run({ request, requester, auth: body?.auth, clientDict: {} });
    if (isLimited) await rateLimits.takeFor('rc_login.account', requester, request.ip);
    return { login_token: await loginTokens.create(requester.userId, tokenTimeoutMs), expires_in_ms: tokenTimeoutMs };
  });
}

/** The most preferred first: clients that cannot choose take the first they know. */
function flows(config: LoginRoutesDeps['config'], further: readonly LoginFlow[]): LoginFlow[] {
  const { password, loginViaExistingSession } = config;
  const hasToken = further.length > 0 || loginViaExistingSession.enabled;
  return [
    ...further,
    ...(hasToken
      ? [{ type: 'm.login.token', ...(loginViaExistingSession.enabled ? { get_login_token: true } : {}) }]
      : []),
    ...(password.enabled === true && password.localdbEnabled ? [{ type: 'm.login.password' }] : []),
    { type: 'm.login.application_service' },
  ];
}
