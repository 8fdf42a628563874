import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import { BatchConflict, type Sequences } from '#platform/storage/index.ts';
import type { StreamBatch, Streams } from '#platform/streams/index.ts';
import { forbidden } from '#protocol/errors.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import { checkDeviceId, checkDeviceName, createDeviceId } from './device-names.ts';
import type { DeviceStore } from './device-store.ts';
import { userLocked } from './errors.ts';
import type { AccountHooks } from './hooks.ts';
import { type RefreshedTokens, refreshSession } from './refresh-session.ts';
import type { SessionScope, SessionStore } from './session-store.ts';
import { createToken, hashToken } from './token.ts';
import type { TokenCache } from './token-cache.ts';
import { type LifetimesConfig, TokenLifetimes } from './token-lifetimes.ts';
import type { UserStore } from './user-store.ts';

export interface SessionsDeps {
  readonly users: UserStore;
  readonly devices: DeviceStore;
  readonly store: SessionStore;
  readonly cache: TokenCache;
  readonly hooks: AccountHooks;
  readonly streams: Streams;
  readonly sequences: Sequences;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: LifetimesConfig;
}

export interface NewSession {
  readonly userId: UserId;
  /** An existing device's id logs that device in anew: its old tokens end. Left out: a new one is made up. */
  readonly deviceId?: DeviceId | undefined;
  /** The display name of a new device. */
  readonly deviceDisplayName?: string | undefined;
  /** Whether the client can refresh its access token. */
  readonly refreshable?: boolean | undefined;
  /** The hash of the password that was verified: the session is not made if it has been changed meanwhile. */
  readonly verifiedPasswordHash?: string | undefined;
}

/** Answered once, never to be had again. */
export interface SessionTokens {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly sessionId: number;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly expiresInMs: number | undefined;
}

/** A session that waits for a batch to be written with. */
export interface PreparedSession {
  readonly tokens: SessionTokens;
  write(batch: StreamBatch): void;
}

/** Sessions: what a login makes, with its device and tokens. https://spec.matrix.org/v1.19/client-server-api/#client-authentication */
export class Sessions {
  readonly #deps: SessionsDeps;
  readonly #lifetimes: TokenLifetimes;

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
    this.#lifetimes = new TokenLifetimes(deps.config, deps.clock);
  }

  /**
   * Logs an existing user in. Throws `M_USER_LOCKED` or `M_FORBIDDEN` (deactivated or password changed meanwhile, reserved
   * device id), `M_INVALID_PARAM` for a device id and `M_TOO_LARGE` for a name that is too long.
   */
  async start(session: NewSession): Promise<SessionTokens> {
    const { users, streams } = this.#deps;
    const account = await users.find(session.userId);
    if (account?.isLocked) throw userLocked();
    const prepared = await this.prepare(session);
    try {
      await streams.commit((batch) => {
        batch.add(users.isStillActive(session.userId, session.verifiedPasswordHash), 1);
        prepared.write(batch);
      });
    } catch (error) {
      if (error instanceof BatchConflict) throw forbidden('The account has changed; log in again');
      throw error;
    }
    return prepared.tokens;
  }

  /** A session to be written with the batch that makes its user. Throws as `start`, but for the account's own state. */
  async prepare(session: NewSession): Promise<PreparedSession> {
    const { devices, random } = this.#deps;
    const { userId } = session;
    checkDeviceName(session.deviceDisplayName);
    const deviceId = session.deviceId ?? createDeviceId(random);
    checkDeviceId(deviceId);
    const existing = await devices.find(userId, deviceId);
    if (existing?.isHidden || (await this.#isReserved(userId, deviceId))) throw forbidden('The device id is in use');
    const previous = existing === undefined ? [] : await this.#idsIn({ userId, deviceIds: [deviceId] });
    const tokens = this.#createTokens(userId, deviceId, session.refreshable ?? false);
    return {
      tokens,
      write: (batch) => {
        if (existing === undefined) this.#addDevice(userId, deviceId, session.deviceDisplayName, batch);
        else this.#end({ userId, deviceIds: [deviceId] }, previous, batch);
        this.#add(tokens, batch);
      },
    };
  }

  /**
   * A session without a device, in which an administrator acts as the user, until `expiresTs` if given.
   * Throws `M_FORBIDDEN` for a deactivated user.
   */
  async startPuppet(userId: UserId, puppetedBy: UserId, expiresTs: number | undefined): Promise<string> {
    const { clock, random, sequences, store, streams, users } = this.#deps;
    const accessToken = createToken('access', random);
    const nowMs = clock.now();
    try {
      await streams.commit((batch) => {
        const sessionId = sequences.next('row');
        batch.add(users.isStillActive(userId), 1);
        batch.add(
          store.insert({
            sessionId,
            userId,
            deviceId: undefined,
            createdTs: nowMs,
            authenticatedTs: nowMs,
            expiresTs,
            puppetedBy,
          }),
        );
        batch.add(store.insertAccessToken({ hash: hashToken(accessToken), sessionId, expiresTs }, nowMs));
      });
    } catch (error) {
      if (error instanceof BatchConflict) throw forbidden('The account is not active');
      throw error;
    }
    return accessToken;
  }

  /**
   * Exchanges a refresh token. It stays valid until something that the exchange gave is used.
   * Throws `M_UNKNOWN_TOKEN`, with `soft_logout` when the session has merely expired, and `M_USER_LOCKED`.
   * https://spec.matrix.org/v1.19/client-server-api/#refreshing-access-tokens
   */
  refresh(refreshToken: string): Promise<RefreshedTokens> {
    return refreshSession(refreshToken, { ...this.#deps, lifetimes: this.#lifetimes });
  }

  /** Ends sessions, without their devices. */
  async end(scope: SessionScope): Promise<void> {
    const write = await this.prepareEnd(scope);
    await this.#deps.streams.commit(write);
  }

  /** Ends sessions as a part of another batch. */
  async prepareEnd(scope: SessionScope): Promise<(batch: StreamBatch) => void> {
    const sessionIds = await this.#idsIn(scope);
    return (batch) => this.#end(scope, sessionIds, batch);
  }

  #end(scope: SessionScope, sessionIds: readonly number[], batch: StreamBatch): void {
    const { cache, hooks, store } = this.#deps;
    if (sessionIds.length > 0) for (const hook of hooks.onSessionsEnded) hook(scope.userId, sessionIds, batch);
    for (const statement of store.end(scope)) batch.add(statement);
    batch.afterAttempt(() => cache.forgetUser(scope.userId));
  }

  async #idsIn(scope: SessionScope): Promise<number[]> {
    const sessions = await this.#deps.store.ofUser(scope.userId);
    return sessions
      .filter((session) => isInScope(scope, session.sessionId, session.deviceId))
      .map((each) => each.sessionId);
  }

  #addDevice(userId: UserId, deviceId: DeviceId, displayName: string | undefined, batch: StreamBatch): void {
    const { clock, devices, hooks } = this.#deps;
    batch.add(devices.insert(userId, deviceId, displayName, clock.now()));
    for (const hook of hooks.onDevicesChanged) hook(userId, [deviceId], batch);
  }

  #createTokens(userId: UserId, deviceId: DeviceId, refreshable: boolean): SessionTokens {
    const { random, sequences } = this.#deps;
    return {
      userId,
      deviceId,
      sessionId: sequences.next('row'),
      accessToken: createToken('access', random),
      refreshToken: refreshable ? createToken('refresh', random) : undefined,
      expiresInMs: this.#lifetimes.accessTokenMs(refreshable),
    };
  }

  #add(
    { userId, deviceId, sessionId, accessToken, refreshToken, expiresInMs }: SessionTokens,
    batch: StreamBatch,
  ): void {
    const { clock, store } = this.#deps;
    const nowMs = clock.now();
    const sessionEnd = this.#lifetimes.sessionEnd();
    batch.add(
      store.insert({
        sessionId,
        userId,
        deviceId,
        createdTs: nowMs,
        authenticatedTs: nowMs,
        expiresTs: sessionEnd,
        puppetedBy: undefined,
      }),
    );
    const expiresTs = expiresInMs === undefined ? undefined : nowMs + expiresInMs;
    batch.add(store.insertAccessToken({ hash: hashToken(accessToken), sessionId, expiresTs }, nowMs));
    if (refreshToken === undefined) return;
    const { refreshTs } = this.#lifetimes.refreshable(sessionEnd);
    batch.add(store.insertRefreshToken({ hash: hashToken(refreshToken), sessionId, expiresTs: refreshTs }, nowMs));
  }

  async #isReserved(userId: UserId, deviceId: DeviceId): Promise<boolean> {
    for (const isReserved of this.#deps.hooks.isDeviceIdReserved) if (await isReserved(userId, deviceId)) return true;
    return false;
  }
}

function isInScope(scope: SessionScope, sessionId: number, deviceId: DeviceId | undefined): boolean {
  if ('deviceIds' in scope) return deviceId !== undefined && scope.deviceIds.includes(deviceId);
  return 'sessionId' in scope ? sessionId === scope.sessionId : sessionId !== scope.exceptSessionId;
}
