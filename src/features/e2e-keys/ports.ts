import type { DeviceId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { ClaimedKeys } from './claim-keys.ts';

/** The devices of this server's users, as the accounts layer knows them. */
export interface KnownDevices {
  /** All devices, dehydrated ones included, with their display names. Unknown users are missing. */
  devicesOf(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, ReadonlyMap<DeviceId, string | undefined>>>;
}

/** One signature on the device or key `name` of `userId`. */
export interface KeySignature {
  readonly userId: UserId;
  /** A device id, or the public key of a cross-signing key. */
  readonly name: string;
  readonly signerId: UserId;
  /** `ed25519:` and a device id or public key. */
  readonly signerKey: string;
  readonly signature: string;
}

export interface PublishedKey {
  readonly userId: UserId;
  readonly usage: 'master' | 'self_signing' | 'user_signing';
  readonly publicKey: string;
  readonly json: JsonObject;
}

/** Cross-signing keys, and the signatures that were uploaded apart from the keys they are on. */
export interface CrossSigningKeys {
  /** What `viewer` may see; `undefined` stands for other servers. */
  visibleTo(
    viewer: UserId | undefined,
    userIds: readonly UserId[],
  ): Promise<{ readonly keys: readonly PublishedKey[]; readonly signatures: readonly KeySignature[] }>;
}

/** https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysquery */
export interface QueryAnswer {
  /** By user and device. */
  readonly device_keys: Record<string, Record<string, JsonObject>>;
  readonly master_keys: Record<string, JsonObject>;
  readonly self_signing_keys: Record<string, JsonObject>;
  readonly user_signing_keys: Record<string, JsonObject>;
}

/** Device ids by user; an empty list stands for all. */
export type QueryRequest = ReadonlyMap<UserId, readonly DeviceId[]>;

/** Keys of users elsewhere. A rejection becomes an entry of `failures`. */
export interface RemoteKeys {
  query(server: ServerName, request: QueryRequest, timeoutMs: number): Promise<Partial<QueryAnswer>>;
  claim(
    server: ServerName,
    request: ReadonlyMap<UserId, ReadonlyMap<DeviceId, readonly string[]>>,
    timeoutMs: number,
  ): Promise<ClaimedKeys>;
}
