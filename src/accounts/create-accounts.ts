import type { Clock } from '#platform/clock/index.ts';
import type { PasswordConfig, SessionsConfig } from '#platform/config/index.ts';
import type { RateLimits } from '#platform/http/index.ts';
import type { Log } from '#platform/log/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Reader, Sequences } from '#platform/storage/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import { type AppserviceDirectory, NO_APPSERVICES } from './appservices.ts';
import { Authenticator } from './authenticator.ts';
import { Credentials } from './credentials.ts';
import { DeviceActivity } from './device-activity.ts';
import { DeviceStore } from './device-store.ts';
import { Devices } from './devices.ts';
import { type AccountHooks, createAccountHooks } from './hooks.ts';
import { Lifecycle } from './lifecycle.ts';
import { Passwords } from './passwords.ts';
import { SessionStore } from './session-store.ts';
import { Sessions } from './sessions.ts';
import { TokenCache } from './token-cache.ts';
import { dummyStage, passwordStage, UiaStore, UserInteractiveAuth } from './uia/index.ts';
import { UserStore } from './user-store.ts';

export interface AccountsOptions {
  readonly storage: { readonly reader: Reader; readonly sequences: Sequences };
  readonly streams: Streams;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Pick<Log, 'warn'>;
  readonly rateLimits: Pick<RateLimits, 'limiter'>;
  readonly appservices?: AppserviceDirectory;
  /** Access tokens kept in memory; 50,000 by default. */
  readonly maxCachedTokens?: number;
  readonly config: {
    readonly server: { readonly serverName: ServerName };
    readonly sessions: SessionsConfig;
    readonly password: PasswordConfig;
  };
}

/** The parts of this layer. Composition hands each slice those that it needs. */
export interface Accounts {
  readonly users: UserStore;
  readonly lifecycle: Lifecycle;
  readonly devices: Devices;
  readonly sessions: Sessions;
  readonly authenticator: Authenticator;
  readonly credentials: Credentials;
  readonly passwords: Passwords;
  readonly uia: UserInteractiveAuth;
  readonly activity: DeviceActivity;
  readonly hooks: AccountHooks;
  /** Deletes what has expired. To be called every hour or so. */
  sweep(): Promise<void>;
}

/** How much of a registration it counts for to begin one: clients begin to ask for the flows, and again with the form. */
const BEGINNING_COST = 0.2;
const MAX_CACHED_TOKENS = 50_000;

export function createAccounts(options: AccountsOptions): Accounts {
  const { storage, streams, clock, random, log, rateLimits, config } = options;
  const { appservices = NO_APPSERVICES } = options;
  const hooks = createAccountHooks();
  const users = new UserStore(storage.reader);
  const deviceStore = new DeviceStore(storage.reader);
  const sessionStore = new SessionStore(storage.reader);
  const cache = new TokenCache(options.maxCachedTokens ?? MAX_CACHED_TOKENS);
  const activity = new DeviceActivity(deviceStore, streams, clock, log);
  const passwords = new Passwords(config.password, random);
  const credentials = new Credentials({
    serverName: config.server.serverName,
    users,
    passwords,
    streams,
    rateLimits,
  });
  const sessions = new Sessions({
    users,
    devices: deviceStore,
    store: sessionStore,
    cache,
    hooks,
    streams,
    sequences: storage.sequences,
    clock,
    random,
    config: config.sessions,
  });
  const devices = new Devices({ store: deviceStore, sessions, activity, hooks, streams, clock });
  const uia = new UserInteractiveAuth({
    store: new UiaStore(storage.reader),
    users,
    sessions: sessionStore,
    transactor: streams,
    clock,
    random,
    limitBeginning: (ip) => rateLimits.limiter('rc_registration').take(`begin ${ip}`, { count: BEGINNING_COST }),
    config: {
      uiAuthSessionTimeoutMs: config.sessions.uiAuthSessionTimeoutMs,
      passwordsEnabled: config.password.enabled !== false && config.password.localdbEnabled,
    },
  });
  uia.addStage(dummyStage);
  uia.addStage(passwordStage(credentials));
  const { userIpsMaxAgeMs, deleteStaleDevicesAfterMs } = config.sessions;
  return {
    users,
    lifecycle: new Lifecycle({ users, devices, cache, hooks, streams, clock, log }),
    devices,
    sessions,
    authenticator: new Authenticator({
      users,
      devices: deviceStore,
      sessions: sessionStore,
      cache,
      activity,
      streams,
      clock,
      appservices,
      config: config.sessions,
    }),
    credentials,
    passwords,
    uia,
    activity,
    hooks,
    async sweep() {
      await uia.sweep();
      if (userIpsMaxAgeMs !== undefined) {
        await streams.commit((batch) => batch.add(deviceStore.forgetConnections(clock.now() - userIpsMaxAgeMs)));
      }
      if (deleteStaleDevicesAfterMs !== undefined) await devices.deleteStale(deleteStaleDevicesAfterMs);
    },
  };
}
