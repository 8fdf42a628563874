import type { Accounts } from '#accounts/index.ts';
import { deactivateAccount } from '#api/client/account-deactivation.ts';
import { changePassword } from '#api/client/password-management.ts';
import { getPasswordPolicy } from '#api/client/password-policy.ts';
import { getTokenOwner } from '#api/client/whoami.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import type { PasswordConfig, PasswordPolicy } from '#platform/config/index.ts';
import { forbidden, MatrixError } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';

export interface AccountRoutesDeps {
  readonly accounts: Pick<Accounts, 'lifecycle' | 'passwords' | 'uia'>;
  readonly password: PasswordConfig;
}

export function accountRoutes(deps: AccountRoutesDeps): readonly Route[] {
  return [
    route(getTokenOwner, ({ requester: { userId, deviceId, isGuest } }) => ({
      user_id: userId,
      is_guest: isGuest,
      ...(deviceId === undefined ? {} : { device_id: deviceId }),
    })),
    changePasswordRoute(deps),
    deactivateRoute(deps),
    route(getPasswordPolicy, () => describePolicy(deps.password.policy)),
  ];
}

function changePasswordRoute({ accounts, password }: AccountRoutesDeps): Route {
  const { lifecycle, passwords, uia } = accounts;
  return route(changePassword, async ({ requester, body, request }) => {
    if (password.enabled === false || !password.localdbEnabled) throw forbidden('Passwords are not changed here');
    refuseGuest(requester);
    const { new_password: newPassword, logout_devices: logoutDevices } = body;
    if (newPassword !== undefined) passwords.check(newPassword);
    const proof = await uia.run({
      request,
      requester,
      auth: body.auth,
      clientDict: logoutDevices === undefined ? {} : { logout_devices: logoutDevices },
      secret: newPassword === undefined ? undefined : () => passwords.hash(newPassword),
      isPinned: false,
    });
    if (proof.secret === undefined) throw new MatrixError('M_MISSING_PARAM', "Missing key: 'new_password'");
    const keepsOthers = proof.body.logout_devices === false;
    const own = { deviceId: requester?.deviceId, sessionId: requester?.tokenId };
    await lifecycle.setPassword(requireUser(proof.userId), proof.secret, keepsOthers ? 'nobody' : own);
    return {};
  });
}

function deactivateRoute({ accounts }: AccountRoutesDeps): Route {
  const { lifecycle, uia } = accounts;
  return route(deactivateAccount, async ({ requester, body, request }) => {
    refuseGuest(requester);
    const erase = body?.erase ?? false;
    // An appservice has proved who it is by its token.
    const userId =
      requester?.appserviceId === undefined
        ? (await uia.run({ request, requester, auth: body?.auth, clientDict: { erase } })).userId
        : requester.userId;
    await lifecycle.deactivate(requireUser(userId), { erase });
    // There are no third-party identifiers, so none is left bound.
    return { id_server_unbind_result: 'success' as const };
  });
}

/** Who may call without a token is not checked by the contract. */
function refuseGuest(requester: Requester | undefined): void {
  if (requester?.isGuest) throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests may not do this');
}

function requireUser(userId: UserId | undefined): UserId {
  if (userId === undefined) throw new MatrixError('M_MISSING_TOKEN', 'Missing access token');
  return userId;
}

function describePolicy(policy: PasswordPolicy) {
  if (!policy.enabled) return {};
  return {
    'm.minimum_length': policy.minimumLength,
    'm.require_digit': policy.requireDigit,
    'm.require_symbol': policy.requireSymbol,
    'm.require_lowercase': policy.requireLowercase,
    'm.require_uppercase': policy.requireUppercase,
  };
}
