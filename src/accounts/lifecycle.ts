import type { Clock } from '#platform/clock/index.ts';
import type { Log } from '#platform/log/index.ts';
import { BatchConflict } from '#platform/storage/index.ts';
import type { StreamBatch, Streams } from '#platform/streams/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { AccountFlags, NewAccount } from './account.ts';
import type { Devices } from './devices.ts';
import type { AccountHooks, DeactivationOptions } from './hooks.ts';
import type { TokenCache } from './token-cache.ts';
import type { UserStore } from './user-store.ts';

export interface LifecycleDeps {
  readonly users: UserStore;
  readonly devices: Devices;
  readonly cache: TokenCache;
  readonly hooks: AccountHooks;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
}

/** Accounts being made, changed by administrators, deactivated and brought back. */
export class Lifecycle {
  readonly #deps: LifecycleDeps;

  constructor(deps: LifecycleDeps) {
    this.#deps = deps;
  }

  /**
   * Makes an account, and whatever `extra` adds, at once. Throws `M_USER_IN_USE`; premises of `extra` that do not hold
   * throw it too.
   */
  async create(account: NewAccount, extra: (batch: StreamBatch) => void = () => undefined): Promise<void> {
    const { clock, hooks, streams, users } = this.#deps;
    try {
      await streams.commit((batch) => {
        batch.add(users.insert(account, clock.now()));
        for (const hook of hooks.onAccountCreated) hook(account, batch);
        extra(batch);
      });
    } catch (error) {
      if (error instanceof BatchConflict) throw new MatrixError('M_USER_IN_USE', 'The user id is already taken');
      throw error;
    }
  }

  /** Makes a guest a full account, and whatever `extra` adds, at once. Throws `M_USER_IN_USE` when it is no guest. */
  async upgradeGuest(userId: UserId, passwordHash: string, extra: (batch: StreamBatch) => void): Promise<void> {
    const { cache, streams, users } = this.#deps;
    try {
      await streams.commit((batch) => {
        batch.add(users.upgradeGuest(userId, passwordHash), 1);
        extra(batch);
        batch.afterAttempt(() => cache.forgetUser(userId));
      });
    } catch (error) {
      if (error instanceof BatchConflict) throw new MatrixError('M_USER_IN_USE', 'The user id is already taken');
      throw error;
    }
  }

  /** Takes effect on requests that come after it resolves. */
  async setFlags(userId: UserId, flags: Partial<AccountFlags>): Promise<void> {
    const { cache, streams, users } = this.#deps;
    await streams.commit((batch) => {
      for (const statement of users.setFlags(userId, flags)) batch.add(statement);
      batch.afterAttempt(() => cache.forgetUser(userId));
    });
  }

  /**
   * Sets or removes a password; with `logOut`, ends all sessions but the one it names. Throws `M_NOT_FOUND` for a user
   * that is unknown or deactivated.
   */
  async setPassword(
    userId: UserId,
    passwordHash: string | undefined,
    logOut: Parameters<Devices['prepareDeleteAll']>[1] | 'nobody',
  ): Promise<void> {
    const { devices, streams, users } = this.#deps;
    const endSessions = logOut === 'nobody' ? undefined : await devices.prepareDeleteAll(userId, logOut);
    try {
      await streams.commit((batch) => {
        batch.add(users.setPassword(userId, passwordHash), 1);
        endSessions?.(batch);
      });
    } catch (error) {
      if (error instanceof BatchConflict) throw new MatrixError('M_NOT_FOUND', 'User not found');
      throw error;
    }
  }

  async setConsent(userId: UserId, version: string): Promise<void> {
    const { clock, streams, users } = this.#deps;
    await streams.commit((batch) => batch.add(users.setConsent(userId, version, clock.now())));
  }

  /**
   * Ends an account: nobody can log in to it, and nobody else gets its name. Resolves once that is durable; leaving the
   * rooms follows in the background, also across a restart.
   */
  async deactivate(userId: UserId, options: DeactivationOptions): Promise<void> {
    const { cache, devices, hooks, streams, users } = this.#deps;
    const deleteDevices = await devices.prepareDeleteAll(userId);
    await streams.commit((batch) => {
      for (const statement of users.deactivate(userId, options.erase)) batch.add(statement);
      for (const hook of hooks.onAccountDeactivated) hook(userId, options, batch);
      deleteDevices(batch);
      batch.afterAttempt(() => cache.forgetUser(userId));
    });
    void this.#depart(userId, options);
  }

  /** Brings a deactivated account back, with a password or without one. Its rooms and data stay gone. */
  async reactivate(userId: UserId, passwordHash: string | undefined): Promise<void> {
    const { streams, users } = this.#deps;
    await streams.commit((batch) => {
      for (const statement of users.reactivate(userId, passwordHash)) batch.add(statement);
    });
  }

  /** Continues what a stop of the server interrupted. Called once at start; resolves when all has been tried. */
  async resumeDepartures(): Promise<void> {
    for (const { userId, erase } of await this.#deps.users.departures()) await this.#depart(userId, { erase });
  }

  async #depart(userId: UserId, options: DeactivationOptions): Promise<void> {
    const { hooks, log, streams, users } = this.#deps;
    try {
      for (const hook of hooks.onAccountDeparted) await hook(userId, options);
      await streams.commit((batch) => batch.add(users.removeDeparture(userId)));
    } catch (error) {
      log.warn('accounts.departure_failed', { user: userId, err: error });
    }
  }
}
