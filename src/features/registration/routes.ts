import type { Passwords } from '#accounts/index.ts';
import { getSharedSecretNonce, registerWithSharedSecret } from '#api/admin/register.ts';
import {
  checkUsernameAvailability,
  register,
  requestTokenToRegisterEmail,
  requestTokenToRegisterMSISDN,
  submitRegistrationToken,
} from '#api/client/registration.ts';
import { registrationTokenValidity } from '#api/client/registration-tokens.ts';
import { type Route, route } from '#api/endpoint.ts';
import { forbidden, MatrixError, notFound } from '#protocol/errors.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import type { Registered, Registration } from './registration.ts';
import type { RegistrationTokens } from './registration-tokens.ts';
import type { SharedSecret } from './shared-secret.ts';

export interface RegistrationRoutesDeps {
  readonly registration: Registration;
  readonly tokens: RegistrationTokens;
  readonly sharedSecret: SharedSecret;
  readonly passwords: Passwords;
  readonly serverName: ServerName;
  readonly isEnabled: boolean;
}

export function registrationRoutes(deps: RegistrationRoutesDeps): readonly Route[] {
  return [...accountRoutes(deps), ...sharedSecretRoutes(deps), ...threepidRoutes()];
}

function accountRoutes({ registration, tokens, serverName, isEnabled }: RegistrationRoutesDeps): readonly Route[] {
  return [
    route(register, async ({ query, body, request }) => {
      if (query.kind === 'guest') {
        return answer(await registration.registerGuest(body.initial_device_display_name, request), serverName);
      }
      const isAppservice = body.type === 'm.login.application_service';
      const registered = isAppservice
        ? await registration.registerForAppservice(body, request)
        : await registration.register(body, request);
      return answer(registered, serverName);
    }),
    route(checkUsernameAvailability, async ({ query }) => {
      await registration.checkAvailable(query.username);
      return { available: true };
    }),
    route(registrationTokenValidity, async ({ query }) => {
      if (!isEnabled) throw forbidden('Registration is disabled');
      return { valid: await tokens.isUsable(query.token) };
    }),
  ];
}

function sharedSecretRoutes(deps: RegistrationRoutesDeps): readonly Route[] {
  const { registration, sharedSecret, passwords, serverName } = deps;
  return [
    route(getSharedSecretNonce, () => ({ nonce: sharedSecret.nonce() })),
    route(registerWithSharedSecret, async ({ body }) => {
      sharedSecret.check(body);
      const { displayname, admin, user_type, username, password } = body;
      const account = {
        username,
        passwordHash: await passwords.hash(password),
        isAdmin: admin ?? false,
        userType: user_type ?? undefined,
        displayName: displayname,
      };
      return answer(await registration.registerTrusted(account, body), serverName);
    }),
  ];
}

/** Until there is a way to send e-mails or text messages, no address can be validated. */
function threepidRoutes(): readonly Route[] {
  const unsupported = (): never => {
    throw new MatrixError(
      'M_THREEPID_MEDIUM_NOT_SUPPORTED',
      'This server cannot validate e-mail addresses or phone numbers',
    );
  };
  return [
    route(requestTokenToRegisterEmail, unsupported),
    route(requestTokenToRegisterMSISDN, unsupported),
    route(submitRegistrationToken, () => {
      throw notFound('There is no such validation session');
    }),
  ];
}

function answer({ userId, tokens }: Registered, serverName: ServerName) {
  const about = { user_id: userId, home_server: serverName };
  if (tokens === undefined) return about;
  return {
    ...about,
    access_token: tokens.accessToken,
    device_id: tokens.deviceId,
    ...(tokens.refreshToken === undefined ? {} : { refresh_token: tokens.refreshToken }),
    ...(tokens.expiresInMs === undefined ? {} : { expires_in_ms: tokens.expiresInMs }),
  };
}
