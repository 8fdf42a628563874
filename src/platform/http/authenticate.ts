import type { Endpoint, RequestInfo } from '#api/endpoint.ts';
import type { Requester, ServerRequester } from '#api/requester.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { JsonValue } from '#protocol/json.ts';
import type { HttpRequestInfo } from './request-info.ts';

/** What another server signed: https://spec.matrix.org/v1.19/server-server-api/#request-authentication */
export interface SignedRequest {
  readonly request: RequestInfo;
  readonly method: string;
  /** Path and query string as sent. */
  readonly uri: string;
  /** The JSON body; undefined when there is none. */
  readonly content: JsonValue | undefined;
}

/** How the kinds of `auth` find out who asks. Each throws the `MatrixError` to answer with. */
export interface Authenticators {
  /**
   * Who an access token belongs to. Refuses unknown tokens (`M_UNKNOWN_TOKEN`) and locked accounts unless the contract is
   * `locked`. For an appservice's token, `request.search` may name the user to act for.
   */
  user(token: string, request: RequestInfo, contract: Endpoint): Requester | Promise<Requester>;
  appservice(token: string, request: RequestInfo): Promise<{ readonly appserviceId: string }>;
  server(signed: SignedRequest): Promise<ServerRequester>;
}

export type Authenticated = Requester | ServerRequester | { readonly appserviceId: string } | undefined;

/** Who asks, refused where the contract does not let them. At once where that is known. */
export function authenticate(
  contract: Endpoint,
  request: HttpRequestInfo,
  authenticators: Authenticators,
  readSigned: () => Promise<SignedRequest>,
): Authenticated | Promise<Authenticated> {
  switch (contract.auth) {
    case 'none':
      return undefined;
    case 'optional': {
      const token = accessToken(request);
      return token === undefined ? undefined : authenticators.user(token, request, contract);
    }
    case 'user':
    case 'admin': {
      const requester = authenticators.user(requireToken(request), request, contract);
      return requester instanceof Promise
        ? requester.then((found) => admit(contract, found))
        : admit(contract, requester);
    }
    case 'appservice':
      return authenticators.appservice(requireToken(request), request);
    case 'server':
      return readSigned().then((signed) => authenticators.server(signed));
  }
}

function admit(contract: Endpoint, requester: Requester): Requester {
  if (contract.auth === 'admin' && !requester.isAdmin) {
    throw new MatrixError('M_FORBIDDEN', 'You are not a server administrator');
  }
  if (requester.isGuest && !contract.guests) {
    throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests may not do this');
  }
  if (requester.isSuspended && !contract.suspended) {
    throw new MatrixError('M_USER_SUSPENDED', 'This account has been suspended');
  }
  return requester;
}

function requireToken(request: HttpRequestInfo): string {
  const token = accessToken(request);
  if (token === undefined) throw new MatrixError('M_MISSING_TOKEN', 'Missing access token');
  return token;
}

/**
 * The token of the `Authorization` header or of the `access_token` query parameter, but not of both.
 * https://spec.matrix.org/v1.19/client-server-api/#using-access-tokens
 */
function accessToken(request: HttpRequestInfo): string | undefined {
  const header = request.headers.get('authorization');
  const inQuery = request.target.includes('access_token=') ? request.search.get('access_token') : null;
  if (header === null) return inQuery === null || inQuery === '' ? undefined : inQuery;
  const bearer = /^bearer +(\S+) *$/i.exec(header);
  if (bearer?.[1] === undefined) throw new MatrixError('M_MISSING_TOKEN', 'The Authorization header is malformed');
  if (inQuery !== null) {
    throw new MatrixError('M_MISSING_TOKEN', 'The access token stands in the header and in the query string');
  }
  return bearer[1];
}
