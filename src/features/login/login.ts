import {
  type AppserviceDirectory,
  type AppserviceIdentity,
  type Credentials,
  namesSomebody,
  type Sessions,
  type SessionTokens,
  type UserStore,
  userDeactivated,
} from '#accounts/index.ts';
import type { RequestInfo } from '#api/endpoint.ts';
import type { RateLimits } from '#platform/http/index.ts';
import { forbidden, MatrixError } from '#protocol/errors.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { LoginTokens } from './login-tokens.ts';

export interface LoginDeps {
  readonly users: UserStore;
  readonly sessions: Sessions;
  readonly credentials: Credentials;
  readonly rateLimits: Pick<RateLimits, 'limiter'>;
  readonly appservices: AppserviceDirectory;
  readonly loginTokens: LoginTokens;
  /** Whether a password logs in: it may also be good for confirming operations only. */
  readonly passwordsEnabled: boolean;
  /** Types that are offered but have no handler here. */
  readonly furtherTypes: () => readonly string[];
}

/** The body of `POST /login`. */
export interface LoginBody extends JsonObject {
  readonly type: string;
  readonly password?: string;
  readonly token?: string;
  readonly device_id?: DeviceId;
  readonly initial_device_display_name?: string;
  readonly refresh_token?: boolean;
}

/** Who has logged in, and by which hash if by password. */
interface Proven {
  readonly userId: UserId;
  readonly passwordHash?: string | undefined;
}

/** https://spec.matrix.org/v1.19/client-server-api/#legacy-login */
export class Login {
  readonly #deps: LoginDeps;

  constructor(deps: LoginDeps) {
    this.#deps = deps;
  }

  async login(body: LoginBody, request: RequestInfo): Promise<SessionTokens> {
    const appservice = body.type === 'm.login.application_service' ? this.#appservice(request) : undefined;
    if (appservice === undefined || appservice.isRateLimited) {
      this.#deps.rateLimits.limiter('rc_login.address').take(`ip ${request.ip}`);
    }
    const { userId, passwordHash } = await this.#prove(body, request, appservice);
    if (appservice === undefined || appservice.isRateLimited) {
      this.#deps.rateLimits.limiter('rc_login.account').take(userId);
    }
    await this.#refuseDeparted(userId);
    return this.#deps.sessions.start({
      userId,
      deviceId: body.device_id,
      deviceDisplayName: body.initial_device_display_name,
      refreshable: body.refresh_token,
      verifiedPasswordHash: passwordHash,
    });
  }

  async #prove(body: LoginBody, request: RequestInfo, appservice: AppserviceIdentity | undefined): Promise<Proven> {
    switch (body.type) {
      case 'm.login.password':
        return this.#byPassword(body, request);
      case 'm.login.token':
        if (body.token === undefined) throw new MatrixError('M_MISSING_PARAM', "Missing key: 'token'");
        return { userId: await this.#deps.loginTokens.redeem(body.token) };
      case 'm.login.application_service':
        return this.#byAppservice(body, appservice);
      default:
        throw new MatrixError('M_UNKNOWN', `Unknown login type ${body.type}`, { status: 400 });
    }
  }

  async #byPassword(body: LoginBody, request: RequestInfo): Promise<Proven> {
    const { credentials, passwordsEnabled } = this.#deps;
    if (!passwordsEnabled) throw new MatrixError('M_UNKNOWN', 'Password login has been disabled', { status: 400 });
    if (body.password === undefined) throw new MatrixError('M_MISSING_PARAM', "Missing key: 'password'");
    if (!namesSomebody(body)) throw new MatrixError('M_MISSING_PARAM', "Missing key: 'identifier'");
    const claimed = await credentials.claimedUser(body);
    const account = await credentials.verifyPassword(claimed, body.password, request.ip);
    return { userId: account.userId, passwordHash: account.passwordHash };
  }

  async #byAppservice(body: LoginBody, appservice: AppserviceIdentity | undefined): Promise<Proven> {
    if (appservice === undefined) throw forbidden('This is no application service’s token');
    const { userId, account } = await this.#deps.credentials.claimedUser(body);
    if (userId === undefined) throw forbidden('The user is not of this server');
    if (!appservice.isInterestedInUser(userId)) {
      throw new MatrixError('M_EXCLUSIVE', 'The user is not in the application service’s namespaces');
    }
    if (account === undefined) throw forbidden('The user has not been registered');
    return { userId: account.userId };
  }

  async #refuseDeparted(userId: UserId): Promise<void> {
    const account = await this.#deps.users.find(userId);
    if (account === undefined) throw forbidden('The user does not exist');
    if (account.isDeactivated) throw userDeactivated();
  }

  #appservice(request: RequestInfo): AppserviceIdentity | undefined {
    const token = /^bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    const inQuery = request.search.get('access_token');
    return this.#deps.appservices.byToken(token ?? inQuery ?? '');
  }
}
