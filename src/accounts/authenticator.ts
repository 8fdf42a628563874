import type { Endpoint, RequestInfo } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Authenticators } from '#platform/http/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import { forbidden, MatrixError } from '#protocol/errors.ts';
import { type DeviceId, parseUserId, type UserId } from '#protocol/identifiers/index.ts';
import { type AppserviceDirectory, type AppserviceIdentity, assertedIdentity } from './appservices.ts';
import type { DeviceActivity } from './device-activity.ts';
import type { DeviceStore } from './device-store.ts';
import { softLogout, unknownDevice, unknownToken, userDeactivated, userLocked } from './errors.ts';
import type { SessionStore, TokenRow } from './session-store.ts';
import { hashToken, isPlausibleToken } from './token.ts';
import type { Credential, TokenCache } from './token-cache.ts';
import type { UserStore } from './user-store.ts';

export interface AuthenticatorDeps {
  readonly users: UserStore;
  readonly devices: DeviceStore;
  readonly sessions: SessionStore;
  readonly cache: TokenCache;
  readonly activity: DeviceActivity;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly appservices: AppserviceDirectory;
  readonly config: {
    /** Whether it is recorded where users were used from by their appservice, or by an administrator acting as them. */
    readonly trackAppserviceUserIps: boolean;
    readonly trackPuppetedUserIps: boolean;
  };
}

/** Says who an access token belongs to. https://spec.matrix.org/v1.19/client-server-api/#using-access-tokens */
export class Authenticator implements Pick<Authenticators, 'user' | 'appservice'> {
  readonly #deps: AuthenticatorDeps;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
  }

  /**
   * The user of `token`, or the user that an appservice acts for. Throws `M_UNKNOWN_TOKEN` (with `soft_logout` where the
   * session can be continued), and `M_USER_LOCKED` unless the contract is `locked`.
   */
  user(token: string, request: RequestInfo, contract: Pick<Endpoint, 'locked'>): Requester | Promise<Requester> {
    const { appservices, cache } = this.#deps;
    const appservice = appservices.byToken(token);
    if (appservice !== undefined) return this.#actFor(appservice, request, contract);
    const known = cache.get(token);
    if (known !== undefined) return this.#admit(known, request, contract);
    return this.#load(token).then((credential) => this.#admit(credential, request, contract));
  }

  #admit(credential: Credential, request: RequestInfo, contract: Pick<Endpoint, 'locked'>): Requester {
    const { clock } = this.#deps;
    if (credential.expiresTs !== undefined && credential.expiresTs <= clock.now()) {
      throw softLogout('The access token has expired');
    }
    if (credential.isLocked && !contract.locked) throw userLocked();
    this.#record(credential, request);
    return credential.requester;
  }

  async appservice(token: string): Promise<{ readonly appserviceId: string }> {
    const appservice = this.#deps.appservices.byToken(token);
    if (appservice === undefined) throw unknownToken();
    return { appserviceId: appservice.id };
  }

  /** The user of `token` where it is valid now, else `undefined`: for tokens that stand in a request's body. */
  async peek(token: string): Promise<Requester | undefined> {
    try {
      const { requester, expiresTs } = this.#deps.cache.get(token) ?? (await this.#load(token));
      return expiresTs !== undefined && expiresTs <= this.#deps.clock.now() ? undefined : requester;
    } catch (error) {
      if (error instanceof MatrixError) return undefined;
      throw error;
    }
  }

  async #load(token: string): Promise<Credential> {
    const { cache, sessions, streams, clock } = this.#deps;
    if (!isPlausibleToken(token)) throw unknownToken();
    const { generation } = cache;
    const row = await sessions.findToken(hashToken(token));
    if (row === undefined || row.is_deactivated === 1) throw unknownToken();
    const { refreshed_from: refreshedFrom, session_id: sessionId } = row;
    const credential = toCredential(row);
    const isExpired = credential.expiresTs !== undefined && credential.expiresTs <= clock.now();
    if (row.is_used === 0 && refreshedFrom !== null && !isExpired) {
      // The client has received it: from now on the refresh token that gave it is void.
      await streams.commit((batch) => {
        for (const statement of sessions.settleRefresh(refreshedFrom, sessionId, clock.now())) batch.add(statement);
      });
    }
    cache.set(token, credential, generation);
    return credential;
  }

  #record({ requester, puppetedBy }: Credential, request: RequestInfo): void {
    if (requester.deviceId === undefined) return;
    if (puppetedBy !== undefined && !this.#deps.config.trackPuppetedUserIps) return;
    const { activity } = this.#deps;
    // Finding out the address costs a system call: of requests in quick succession, one is looked at.
    if (activity.wasJustSeen(requester.userId, requester.deviceId)) return;
    activity.record(requester.userId, requester.deviceId, request.ip, request.userAgent);
  }

  async #actFor(
    appservice: AppserviceIdentity,
    request: RequestInfo,
    contract: Pick<Endpoint, 'locked'>,
  ): Promise<Requester> {
    const asserted = assertedIdentity(request.search);
    const userId = this.#assertedUser(appservice, asserted.userId);
    const account = await this.#deps.users.find(userId);
    // The sender is the appservice itself: it may act before anybody has made a user of it.
    if (account === undefined && userId !== appservice.sender) {
      throw forbidden('The application service has not registered this user');
    }
    if (account?.isDeactivated) throw userDeactivated();
    if (account?.isLocked && !contract.locked) throw userLocked();
    const deviceId = await this.#assertedDevice(userId, asserted.deviceId);
    if (deviceId !== undefined && this.#deps.config.trackAppserviceUserIps) {
      this.#deps.activity.record(userId, deviceId, request.ip, request.userAgent);
    }
    return {
      userId,
      deviceId,
      tokenId: undefined,
      isGuest: false,
      isAdmin: account?.isAdmin ?? false,
      isSuspended: account?.isSuspended ?? false,
      isShadowBanned: account?.isShadowBanned ?? false,
      appserviceId: appservice.id,
    };
  }

  #assertedUser(appservice: AppserviceIdentity, asserted: string | undefined): UserId {
    if (asserted === undefined || asserted === appservice.sender) return appservice.sender;
    const userId = parseUserId(asserted);
    if (userId === undefined || !appservice.isInterestedInUser(userId)) {
      throw forbidden('The application service may not act for this user');
    }
    return userId;
  }

  async #assertedDevice(userId: UserId, deviceId: DeviceId | undefined): Promise<DeviceId | undefined> {
    if (deviceId === undefined) return undefined;
    const device = await this.#deps.devices.find(userId, deviceId);
    if (device === undefined || device.isHidden) throw unknownDevice();
    return deviceId;
  }
}

function toCredential(row: TokenRow): Credential {
  const expiries = [row.expires_ts, row.session_expires_ts].filter((expiry) => expiry !== null);
  return {
    requester: Object.freeze({
      userId: row.user_id as UserId,
      deviceId: (row.device_id ?? undefined) as DeviceId | undefined,
      tokenId: row.session_id,
      isGuest: row.is_guest === 1,
      isAdmin: row.is_admin === 1,
      isSuspended: row.is_suspended === 1,
      isShadowBanned: row.is_shadow_banned === 1,
      // Only requests with the appservice's own token are the appservice's.
      appserviceId: undefined,
    }),
    expiresTs: expiries.length === 0 ? undefined : Math.min(...expiries),
    isLocked: row.is_locked === 1,
    puppetedBy: (row.puppeted_by ?? undefined) as UserId | undefined,
  };
}
