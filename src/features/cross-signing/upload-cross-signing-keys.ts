import { BatchConflict } from '#platform/storage/index.ts';
import type { StreamBatch, Streams } from '#platform/streams/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { type CrossSigningKey, isSameSigned, isSignedBy, parseCrossSigningKey, USAGES } from './cross-signing-key.ts';
import type { CrossSigningStore, KeysByUsage } from './cross-signing-store.ts';
import type { KnownDevices } from './ports.ts';
import type { SignatureStore } from './signature-store.ts';

/** https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysdevice_signingupload */
export interface CrossSigningUpload {
  readonly master_key?: JsonObject | undefined;
  readonly self_signing_key?: JsonObject | undefined;
  readonly user_signing_key?: JsonObject | undefined;
}

export interface UploadCrossSigningDeps {
  readonly streams: Pick<Streams, 'commit'>;
  readonly keys: CrossSigningStore;
  readonly signatures: SignatureStore;
  readonly devices: KnownDevices;
  readonly deviceListChanged: (batch: StreamBatch, userId: UserId) => void;
  readonly deviceListChangedFor: (batch: StreamBatch, observer: UserId, userIds: readonly UserId[]) => void;
}

/** Publishes a user's cross-signing keys. */
export class UploadCrossSigningKeys {
  constructor(private readonly deps: UploadCrossSigningDeps) {}

  /**
   * Stores the keys that are new. `confirmIdentity` is called before keys are replaced or added to, and throws what asks
   * the client for proof; for a first set of keys, and for keys that are known already, it is not called.
   */
  async upload(userId: UserId, upload: CrossSigningUpload, confirmIdentity: () => Promise<void>): Promise<void> {
    const given = parse(upload, userId);
    for (;;) {
      const stored = await this.deps.keys.ofUser(userId);
      const unknown = given.filter((key) => !isKnown(stored[key.usage], key));
      if (unknown.length === 0) return;
      // With a new master key, the others are stored as well: it has signed them anew.
      const added = unknown.some((key) => key.usage === 'master') ? given : unknown;
      await this.#check(userId, stored, given);
      if (stored.master !== undefined) await confirmIdentity();
      try {
        await this.deps.streams.commit((batch) => this.#store(batch, userId, stored, added));
        return;
      } catch (error) {
        // Another request has published the first keys meanwhile: then these need proof.
        if (!(error instanceof BatchConflict)) throw error;
      }
    }
  }

  async #check(userId: UserId, stored: KeysByUsage, given: readonly CrossSigningKey[]): Promise<void> {
    const master = given.find((key) => key.usage === 'master') ?? stored.master;
    if (master === undefined) throw new MatrixError('M_MISSING_PARAM', 'There is no master key');
    for (const key of given) {
      if (key.usage !== 'master' && !isSignedBy(key.json, userId, master.publicKey, master.publicKey)) {
        throw new MatrixError('M_INVALID_SIGNATURE', `The master key has not signed the '${key.usage}_key'`);
      }
    }
    const devices = (await this.deps.devices.devicesOf([userId])).get(userId);
    for (const deviceId of devices?.keys() ?? []) {
      if (given.some((key) => key.publicKey === deviceId)) throw new MatrixError('M_FORBIDDEN', 'Key ID in use');
    }
  }

  #store(batch: StreamBatch, userId: UserId, stored: KeysByUsage, added: readonly CrossSigningKey[]): void {
    const { keys, signatures } = this.deps;
    const hasNewMaster = added.some((key) => key.usage === 'master');
    for (const usage of USAGES) {
      const [before, after] = [stored[usage], added.find((key) => key.usage === usage)];
      // The master key before it has signed what is left of the old set: that is worth nothing now.
      const isOrphaned = hasNewMaster && after === undefined && before !== undefined;
      if (isOrphaned) batch.add(keys.remove(userId, usage));
      const isReplaced = before !== undefined && after !== undefined && before.publicKey !== after.publicKey;
      if (isOrphaned || isReplaced) signatures.forgetKey(batch, userId, before.publicKey);
      if (after === undefined) continue;
      batch.add(usage === 'master' && before === undefined ? keys.insert(after) : keys.put(after));
    }
    const isPrivate = added.every((key) => key.usage === 'user_signing');
    if (isPrivate) this.deps.deviceListChangedFor(batch, userId, [userId]);
    else this.deps.deviceListChanged(batch, userId);
  }
}

function parse(upload: CrossSigningUpload, userId: UserId): CrossSigningKey[] {
  return USAGES.flatMap((usage) => {
    const value = upload[`${usage}_key`];
    return value === undefined ? [] : [parseCrossSigningKey(value, usage, userId)];
  });
}

function isKnown(stored: CrossSigningKey | undefined, given: CrossSigningKey): boolean {
  return stored !== undefined && isSameSigned(stored.json, given.json);
}
