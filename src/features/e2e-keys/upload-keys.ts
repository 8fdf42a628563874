import type { Clock } from '#platform/clock/index.ts';
import { BatchConflict, type Sequences } from '#platform/storage/index.ts';
import type { StreamBatch, Streams } from '#platform/streams/index.ts';
import { encodeCanonicalJson } from '#protocol/canonical-json/index.ts';
import { invalidParam, type MatrixError } from '#protocol/errors.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';
import type { DeviceKeysStore } from './device-keys-store.ts';
import { type KeyCounts, toCounts } from './key-counts.ts';
import type { OneTimeKeysStore } from './one-time-keys-store.ts';
import { parseClaimableKeys, parseDeviceKeys, parseFallbackKeys } from './parse-keys.ts';

/** https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysupload */
export interface KeyUpload {
  readonly device_keys?: JsonObject | undefined;
  readonly one_time_keys?: Readonly<Record<string, JsonValue>> | undefined;
  readonly fallback_keys?: Readonly<Record<string, JsonValue>> | undefined;
}

/** How long a claimed key is remembered: far longer than any client repeats an upload. */
const CLAIMED_KEPT_MS = 90 * 24 * 60 * 60 * 1000;

/** The statements of an upload that has been checked. */
export type UploadContribution = (batch: StreamBatch) => void;

export interface UploadKeysDeps {
  readonly streams: Pick<Streams, 'commit'>;
  readonly sequences: Sequences;
  readonly clock: Pick<Clock, 'now'>;
  readonly deviceKeys: DeviceKeysStore;
  readonly oneTimeKeys: OneTimeKeysStore;
  readonly counts: KeyCounts;
  readonly deviceListChanged: (batch: StreamBatch, userId: UserId) => void;
  /** Other keys' signatures on a device mean nothing once it has another identity. */
  readonly forgetSignatures: (batch: StreamBatch, userId: UserId, deviceIds: readonly DeviceId[]) => void;
}

export class UploadKeys {
  constructor(private readonly deps: UploadKeysDeps) {}

  /** Stores what is new and answers how many one-time keys there are now, by algorithm. */
  async upload(userId: UserId, deviceId: DeviceId, upload: KeyUpload): Promise<Record<string, number>> {
    const { streams, deviceKeys, oneTimeKeys } = this.deps;
    const before = upload.device_keys === undefined ? undefined : await deviceKeys.find(userId, deviceId);
    const contribute = this.prepare(userId, deviceId, upload, before);
    try {
      const rows = await streams.commit((batch) => {
        contribute(batch);
        return batch.add(oneTimeKeys.counts(userId, deviceId));
      });
      return toCounts(rows.rows);
    } catch (error) {
      if (error instanceof BatchConflict) throw alreadyExists();
      throw error;
    }
  }

  /**
   * Checks an upload for a device whose identity keys are `before`. The batch it contributes to fails with `BatchConflict`
   * where the device has another one-time key of the same id.
   */
  prepare(userId: UserId, deviceId: DeviceId, upload: KeyUpload, before: JsonObject | undefined): UploadContribution {
    const { oneTimeKeys, counts, sequences, clock } = this.deps;
    const oneTime = parseClaimableKeys(upload.one_time_keys ?? {});
    const fallback = parseFallbackKeys(upload.fallback_keys ?? {});
    const given = upload.device_keys;
    const parsed = given === undefined ? undefined : parseDeviceKeys(given, userId, deviceId);
    return (batch) => {
      if (parsed !== undefined) this.#putDeviceKeys(batch, userId, deviceId, parsed, before);
      if (oneTime.length > 0) batch.add(oneTimeKeys.forgetClaimed(userId, deviceId, clock.now() - CLAIMED_KEPT_MS));
      for (const key of oneTime) oneTimeKeys.add(batch, userId, deviceId, key, sequences.next('row'));
      for (const key of fallback) batch.add(oneTimeKeys.putFallback(userId, deviceId, key));
      if (oneTime.length + fallback.length > 0) batch.afterAttempt(() => counts.forget(userId, deviceId));
    };
  }

  #putDeviceKeys(
    batch: StreamBatch,
    userId: UserId,
    deviceId: DeviceId,
    keys: JsonObject,
    before: JsonObject | undefined,
  ): void {
    if (before !== undefined && encodeCanonicalJson(before) === encodeCanonicalJson(keys)) return;
    batch.add(this.deps.deviceKeys.put(userId, deviceId, keys));
    if (before !== undefined && !haveSameKeys(before, keys)) this.deps.forgetSignatures(batch, userId, [deviceId]);
    this.deps.deviceListChanged(batch, userId);
  }
}

/** Clients know by these words that their store of keys is not the one that the server has keys of. */
function alreadyExists(): MatrixError {
  return invalidParam('One time key already exists: the device has another with one of these ids');
}

/** Whether a signature on the one is a signature on the other. */
function haveSameKeys(a: JsonObject, b: JsonObject): boolean {
  const options = { omit: ['signatures', 'unsigned'] };
  return encodeCanonicalJson(a, options) === encodeCanonicalJson(b, options);
}
