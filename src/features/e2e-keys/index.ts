/**
 * The keys of devices: identity keys, one-time keys, fallback keys; uploading, asking for and claiming them. Not here:
 * cross-signing keys and uploaded signatures (`cross-signing`), who is told of changes (`device-lists`), the devices
 * themselves (`accounts`).
 * https://spec.matrix.org/v1.19/client-server-api/#key-distribution
 */
import type { Route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Storage } from '#platform/storage/ports.ts';
import type { StreamBatch, Streams } from '#platform/streams/index.ts';
import type { DeviceId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import { AllServersKeys } from './all-servers.ts';
import { type ClaimedKeys, ClaimKeys, type ClaimRequest } from './claim-keys.ts';
import type { DeviceKeysStore } from './device-keys-store.ts';
import { KeyCounts, type KeyStock } from './key-counts.ts';
import { OneTimeKeysStore } from './one-time-keys-store.ts';
import type { CrossSigningKeys, KnownDevices, QueryAnswer, QueryRequest, RemoteKeys } from './ports.ts';
import { QueryKeys } from './query-keys.ts';
import { e2eKeysRoutes } from './routes.ts';
import { type KeyUpload, type UploadContribution, UploadKeys } from './upload-keys.ts';

export type { ClaimedKeys, ClaimRequest } from './claim-keys.ts';
export { DeviceKeysStore, type StoredDeviceKeys } from './device-keys-store.ts';
export type {
  CrossSigningKeys,
  KeySignature,
  KnownDevices,
  PublishedKey,
  QueryAnswer,
  QueryRequest,
  RemoteKeys,
} from './ports.ts';
export type { KeyUpload, UploadContribution } from './upload-keys.ts';

export interface E2eKeysDeps {
  readonly serverName: ServerName;
  readonly storage: Pick<Storage, 'reader' | 'transactor' | 'sequences'>;
  readonly streams: Pick<Streams, 'commit'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Made apart, as `cross-signing` reads it too. */
  readonly deviceKeys: DeviceKeysStore;
  readonly devices: KnownDevices;
  readonly crossSigning: CrossSigningKeys;
  /** `device-lists`. */
  readonly deviceListChanged: (batch: StreamBatch, userId: UserId) => void;
  /** `cross-signing`. */
  readonly forgetSignatures: (batch: StreamBatch, userId: UserId, deviceIds: readonly DeviceId[]) => void;
  /** Left out, every other server is told to be unreachable. */
  readonly remote?: RemoteKeys;
}

export interface E2eKeys {
  readonly routes: readonly Route[];
  /** What sync tells of the keys that a device has left. */
  keyStock(userId: UserId, deviceId: DeviceId): KeyStock | Promise<KeyStock>;
  /** Checks an upload for a new device of the user (a dehydrated one); its statements are added by what it answers. */
  prepareUpload(userId: UserId, deviceId: DeviceId, upload: KeyUpload): UploadContribution;
  /** The keys of this server's users as `viewer` may see them; `undefined`: as other servers may. */
  queryLocal(request: QueryRequest, viewer: UserId | undefined): Promise<QueryAnswer>;
  /** Claims from this server's devices. */
  claimLocal(request: ClaimRequest): Promise<ClaimedKeys>;
  // Hooks of the accounts layer.
  onDevicesDeleted(userId: UserId, deviceIds: readonly DeviceId[], batch: StreamBatch): void;
  onAccountDeactivated(userId: UserId, options: unknown, batch: StreamBatch): void;
}

export function e2eKeysFeature(deps: E2eKeysDeps): E2eKeys {
  const { storage, deviceKeys } = deps;
  const oneTimeKeys = new OneTimeKeysStore(storage.reader);
  const counts = new KeyCounts(storage.reader, oneTimeKeys);
  const uploads = new UploadKeys({ ...deps, sequences: storage.sequences, oneTimeKeys, counts });
  const queries = new QueryKeys(deviceKeys, deps.devices, deps.crossSigning);
  const claims = new ClaimKeys(storage.transactor, oneTimeKeys, counts, deps.clock);
  return {
    routes: e2eKeysRoutes(uploads, new AllServersKeys(deps.serverName, queries, claims, deps.remote)),
    keyStock: (userId, deviceId) => counts.of(userId, deviceId),
    prepareUpload: (userId, deviceId, upload) => uploads.prepare(userId, deviceId, upload, undefined),
    queryLocal: (request, viewer) => queries.query(request, viewer),
    claimLocal: (request) => claims.claim(request),
    onDevicesDeleted(userId, deviceIds, batch) {
      for (const deviceId of deviceIds) {
        batch.add(deviceKeys.removeDevice(userId, deviceId));
        oneTimeKeys.removeDevice(batch, userId, deviceId);
        batch.afterAttempt(() => counts.forget(userId, deviceId));
      }
    },
    onAccountDeactivated(userId, _, batch) {
      batch.add(deviceKeys.removeUser(userId));
      oneTimeKeys.removeUser(batch, userId);
    },
  };
}
