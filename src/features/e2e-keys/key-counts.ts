import type { Reader } from '#platform/storage/ports.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { CountRow, OneTimeKeysStore } from './one-time-keys-store.ts';

export interface KeyStock {
  /** Unclaimed one-time keys by algorithm. */
  readonly counts: Readonly<Record<string, number>>;
  /** Algorithms whose fallback key has not been given out. */
  readonly unusedFallbackTypes: readonly string[];
}

const DEVICES_MAX = 50_000;
/** The algorithm that clients expect to be told of, also when there are none. */
const ALWAYS_TOLD = 'signed_curve25519';

/** How many keys devices have left. Every sync tells it, so it is kept in memory until it changes. */
export class KeyCounts {
  /** A promise while it is being read. */
  readonly #known = new Map<string, KeyStock | Promise<KeyStock>>();

  constructor(
    private readonly reader: Reader,
    private readonly store: OneTimeKeysStore,
  ) {}

  of(userId: UserId, deviceId: DeviceId): KeyStock | Promise<KeyStock> {
    const key = `${userId}\0${deviceId}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const loading = this.#load(userId, deviceId);
    this.#known.set(key, loading);
    const isLatest = () => this.#known.get(key) === loading;
    loading.then(
      (stock) => isLatest() && this.#known.set(key, stock),
      () => isLatest() && this.#known.delete(key),
    );
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= DEVICES_MAX) break;
      this.#known.delete(oldest);
    }
    return loading;
  }

  /** Call it once a change is durable: what is being read at that moment is read again by whoever asks after. */
  forget(userId: UserId, deviceId: DeviceId): void {
    this.#known.delete(`${userId}\0${deviceId}`);
  }

  async #load(userId: UserId, deviceId: DeviceId): Promise<KeyStock> {
    const [rows, unusedFallbackTypes] = await Promise.all([
      this.reader.all(this.store.counts(userId, deviceId)),
      this.store.unusedFallbackTypes(userId, deviceId),
    ]);
    return { counts: toCounts(rows), unusedFallbackTypes };
  }
}

export function toCounts(rows: readonly CountRow[]): Record<string, number> {
  return { [ALWAYS_TOLD]: 0, ...Object.fromEntries(rows.map((row) => [row.algorithm, Number(row.count)])) };
}
