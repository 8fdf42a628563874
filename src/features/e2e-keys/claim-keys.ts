import type { Clock } from '#platform/clock/index.ts';
import type { Result, Transactor } from '#platform/storage/ports.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';
import type { KeyCounts } from './key-counts.ts';
import type { ClaimedRow, KeySource, OneTimeKeysStore } from './one-time-keys-store.ts';

/** Algorithms, as often as keys are wanted, by user and device. */
export type ClaimRequest = ReadonlyMap<UserId, ReadonlyMap<DeviceId, readonly string[]>>;

/** Keys by user, device, and `algorithm:key id`. Users and devices without a key are missing. */
export type ClaimedKeys = Record<string, Record<string, JsonObject>>;

interface Claim {
  readonly source: KeySource;
  readonly results: readonly Result<ClaimedRow>[];
}

/** Gives out the one-time keys of this server's devices, each of them once. */
export class ClaimKeys {
  constructor(
    private readonly transactor: Transactor,
    private readonly store: OneTimeKeysStore,
    private readonly counts: KeyCounts,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async claim(request: ClaimRequest): Promise<ClaimedKeys> {
    const sources = sourcesOf(request);
    const nowMs = this.clock.now();
    const claims = await this.transactor.commit((batch) =>
      sources.map((source): Claim => ({ source, results: this.store.take(batch, source, nowMs) })),
    );
    const claimed: ClaimedKeys = Object.create(null);
    for (const { source, results } of claims) {
      const rows = results.flatMap((result) => result.rows);
      if (rows.length === 0) continue;
      this.counts.forget(source.userId, source.deviceId);
      put(claimed, source, rows);
    }
    return claimed;
  }
}

function put(claimed: ClaimedKeys, { userId, deviceId, algorithm }: KeySource, rows: readonly ClaimedRow[]): void {
  claimed[userId] ??= Object.create(null) as Record<string, JsonObject>;
  const ofUser = claimed[userId];
  ofUser[deviceId] ??= {};
  const ofDevice = ofUser[deviceId];
  for (const row of rows) ofDevice[`${algorithm}:${row.key_id}`] = JSON.parse(row.key_json) as JsonValue;
}

function sourcesOf(request: ClaimRequest): KeySource[] {
  const sources: KeySource[] = [];
  for (const [userId, devices] of request) {
    for (const [deviceId, algorithms] of devices) {
      for (const algorithm of new Set(algorithms)) {
        const count = algorithms.filter((wanted) => wanted === algorithm).length;
        sources.push({ userId, deviceId, algorithm, count });
      }
    }
  }
  return sources;
}
