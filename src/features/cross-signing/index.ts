/**
 * Cross-signing: users' master, self-signing and user-signing keys, and signatures uploaded apart from the keys they are
 * on. Not here: device keys, and answering `/keys/query` (`e2e-keys`).
 * https://spec.matrix.org/v1.19/client-server-api/#cross-signing
 */
import type { Route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import type { StreamBatch, Streams } from '#platform/streams/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { CrossSigningKey } from './cross-signing-key.ts';
import { CrossSigningStore, type KeysByUsage } from './cross-signing-store.ts';
import type { ConfirmIdentity, DeviceKeys, KnownDevices } from './ports.ts';
import { crossSigningRoutes } from './routes.ts';
import { type KeySignature, SignatureStore } from './signature-store.ts';
import { UploadCrossSigningKeys } from './upload-cross-signing-keys.ts';
import { UploadSignatures } from './upload-signatures.ts';

export type { CrossSigningKey, Usage } from './cross-signing-key.ts';
export type { KeysByUsage } from './cross-signing-store.ts';
export type { ConfirmIdentity, DeviceKeys, KnownDevices } from './ports.ts';
export type { KeySignature } from './signature-store.ts';

export interface CrossSigningDeps {
  readonly reader: Reader;
  readonly streams: Pick<Streams, 'commit'>;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  readonly devices: KnownDevices;
  /** `DeviceKeysStore` of `e2e-keys`. */
  readonly deviceKeys: DeviceKeys;
  readonly confirmIdentity: ConfirmIdentity;
  /** `device-lists`. */
  readonly deviceListChanged: (batch: StreamBatch, userId: UserId) => void;
  readonly deviceListChangedFor: (batch: StreamBatch, observer: UserId, userIds: readonly UserId[]) => void;
}

export interface CrossSigning {
  readonly routes: readonly Route[];
  /** The keys and uploaded signatures of the users that `viewer` may see; `undefined`: what other servers may. */
  visibleTo(
    viewer: UserId | undefined,
    userIds: readonly UserId[],
  ): Promise<{ readonly keys: readonly CrossSigningKey[]; readonly signatures: readonly KeySignature[] }>;
  /** A user's keys by usage. */
  keysOf(userId: UserId): Promise<KeysByUsage>;
  /** Hook of the accounts layer: a new device must not take this id, as a cross-signing key of the user has it. */
  isDeviceIdReserved(userId: UserId, deviceId: DeviceId): Promise<boolean>;
  /** Until then, in milliseconds since the epoch, the user may replace the keys without proving anew who they are. */
  allowReplacement(userId: UserId, untilMs: number): Promise<void>;
  /** The devices have other keys now, or are gone: signatures on and by them go, too. */
  forgetSignatures(batch: StreamBatch, userId: UserId, deviceIds: readonly DeviceId[]): void;
  // Hooks of the accounts layer.
  onDevicesDeleted(userId: UserId, deviceIds: readonly DeviceId[], batch: StreamBatch): void;
  onAccountDeactivated(userId: UserId, options: unknown, batch: StreamBatch): void;
}

export function crossSigningFeature(deps: CrossSigningDeps): CrossSigning {
  const keys = new CrossSigningStore(deps.reader);
  const signatures = new SignatureStore(deps.reader);
  const uploads = new UploadCrossSigningKeys({ ...deps, keys, signatures });
  const signatureUploads = new UploadSignatures({ ...deps, keys, signatures });
  const forgetSignatures: CrossSigning['forgetSignatures'] = (batch, userId, deviceIds) => {
    for (const deviceId of deviceIds) signatures.forgetKey(batch, userId, deviceId);
  };
  return {
    routes: crossSigningRoutes({ ...deps, uploads, signatures: signatureUploads, keys }),
    async visibleTo(viewer, userIds) {
      const [all, visible] = await Promise.all([keys.ofUsers(userIds), signatures.visibleTo(viewer, userIds)]);
      return { keys: all.filter((key) => key.usage !== 'user_signing' || key.userId === viewer), signatures: visible };
    },
    keysOf: (userId) => keys.ofUser(userId),
    async isDeviceIdReserved(userId, deviceId) {
      return Object.values(await keys.ofUser(userId)).some((key) => key.publicKey === deviceId);
    },
    async allowReplacement(userId, untilMs) {
      await deps.streams.commit((batch) => batch.add(keys.allowReset(userId, untilMs)));
    },
    forgetSignatures,
    onDevicesDeleted: (userId, deviceIds, batch) => forgetSignatures(batch, userId, deviceIds),
    onAccountDeactivated(userId, _, batch) {
      for (const statement of keys.removeAll(userId)) batch.add(statement);
      signatures.forgetUser(batch, userId);
    },
  };
}
