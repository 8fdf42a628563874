import type { UserInteractiveAuth } from '#accounts/index.ts';
import {
  add3PID,
  bind3PID,
  delete3pidFromAccount,
  getAccount3PIDs,
  post3PIDs,
  requestTokenTo3PIDEmail,
  requestTokenTo3PIDMSISDN,
  submitTokenTo3PIDEmail,
  submitTokenTo3PIDMSISDN,
  unbind3pidFromAccount,
} from '#api/client/administrative-contact.ts';
import {
  requestTokenToResetPasswordEmail,
  requestTokenToResetPasswordMSISDN,
} from '#api/client/password-management.ts';
import { type Route, route } from '#api/endpoint.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '#protocol/errors.ts';

/**
 * Third-party identifiers on a server that sends neither e-mails nor text messages and trusts no identity server: accounts
 * have none, and none can be validated. https://spec.matrix.org/v1.19/client-server-api/#adding-account-administrative-contact-information
 */
export function threepidRoutes(uia: UserInteractiveAuth): readonly Route[] {
  return [
    route(getAccount3PIDs, () => ({ threepids: [] })),
    route(post3PIDs, ({ body }) => {
      if (body.three_pid_creds === undefined && body.threePidCreds === undefined) {
        throw new MatrixError('M_MISSING_PARAM', "Missing key: 'three_pid_creds'");
      }
      throw notValidated();
    }),
    route(add3PID, async ({ requester, body, request }) => {
      const { sid, client_secret } = body;
      await uia.run({ request, requester, auth: body.auth, clientDict: { sid, client_secret } });
      throw notValidated();
    }),
    route(bind3PID, () => {
      throw new MatrixError('M_SERVER_NOT_TRUSTED', 'This server does not use identity servers');
    }),
    // What is not bound need not be unbound.
    route(delete3pidFromAccount, ({ body }) => {
      checkMedium(body.medium);
      return { id_server_unbind_result: 'success' as const };
    }),
    route(unbind3pidFromAccount, ({ body }) => {
      checkMedium(body.medium);
      return { id_server_unbind_result: 'no-support' as const };
    }),
    ...validationRoutes(),
  ];
}

function validationRoutes(): readonly Route[] {
  const unsupported = (): never => {
    const message = 'This server cannot validate e-mail addresses or phone numbers';
    throw new MatrixError('M_THREEPID_MEDIUM_NOT_SUPPORTED', message);
  };
  return [
    route(requestTokenTo3PIDEmail, unsupported),
    route(requestTokenTo3PIDMSISDN, unsupported),
    route(requestTokenToResetPasswordEmail, () => {
      throw forbidden('Passwords are not reset by e-mail here');
    }),
    route(requestTokenToResetPasswordMSISDN, () => {
      throw forbidden('Passwords are not reset by text message here');
    }),
    route(submitTokenTo3PIDEmail, () => {
      throw notFound('There is no such validation session');
    }),
    route(submitTokenTo3PIDMSISDN, () => {
      throw notFound('There is no such validation session');
    }),
  ];
}

/** No validation session exists that could have been completed. */
const notValidated = (): MatrixError =>
  new MatrixError('M_THREEPID_AUTH_FAILED', 'No validated third-party identifier was found', { status: 400 });

function checkMedium(medium: string): void {
  if (medium !== 'email' && medium !== 'msisdn') throw invalidParam('medium must be email or msisdn');
}
