import type { Clock, Timer } from '#platform/clock/index.ts';
import type { Transactor } from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { PresenceStore } from './presence-store.ts';
import type { ShownPresence } from './user-presence.ts';

/** What is stored of a user's presence. */
export interface Kept {
  readonly userId: UserId;
  readonly shown: ShownPresence;
  readonly own: { readonly statusMsg: string | undefined; readonly lastActiveTs: number };
}

/** How often what has changed is stored. */
const STORE_EVERY_MS = 30_000;

/** Stores the last presence of users, many at once and some time after: a crash may lose half a minute of it. */
export class PresenceKeeper {
  readonly #changed = new Map<UserId, Kept>();
  #timer: Timer | undefined;

  constructor(
    private readonly store: PresenceStore,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
  ) {}

  /** Takes what it is when it is stored. */
  keep(user: Kept): void {
    this.#changed.set(user.userId, user);
    this.#timer ??= this.clock.after(STORE_EVERY_MS, () => void this.#write());
  }

  /** Whether something of the user is not stored yet. */
  holds(userId: UserId): boolean {
    return this.#changed.has(userId);
  }

  drop(userId: UserId): void {
    this.#changed.delete(userId);
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#write();
  }

  async #write(): Promise<void> {
    this.#timer = undefined;
    const changed = [...this.#changed.values()];
    this.#changed.clear();
    if (changed.length === 0) return;
    try {
      await this.transactor.commit((batch) => {
        for (const { userId, shown, own } of changed) {
          batch.add(
            this.store.put({
              user_id: userId,
              presence: shown.presence,
              status_msg: own.statusMsg ?? null,
              last_active_ts: own.lastActiveTs,
            }),
          );
        }
      });
    } catch {
      // Kept for the next time: presence is not worth failing for.
      for (const user of changed) if (!this.#changed.has(user.userId)) this.#changed.set(user.userId, user);
    }
  }
}
