import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import type { DeviceKeysStore } from './device-keys-store.ts';
import type { CrossSigningKeys, KeySignature, KnownDevices, QueryAnswer, QueryRequest } from './ports.ts';

/** Reads the keys of this server's users. */
export class QueryKeys {
  constructor(
    private readonly deviceKeys: DeviceKeysStore,
    private readonly devices: KnownDevices,
    private readonly crossSigning: CrossSigningKeys,
  ) {}

  /** What `viewer` may see of the users' keys; `undefined` stands for other servers. */
  async query(request: QueryRequest, viewer: UserId | undefined): Promise<QueryAnswer> {
    const userIds = [...request.keys()];
    const answer = emptyAnswer();
    if (userIds.length === 0) return answer;
    const [stored, devices, published] = await Promise.all([
      this.deviceKeys.ofUsers(userIds),
      this.devices.devicesOf(userIds),
      this.crossSigning.visibleTo(viewer, userIds),
    ]);
    const signatures = groupSignatures(published.signatures);
    for (const userId of userIds) answer.device_keys[userId] = Object.create(null) as Record<string, JsonObject>;
    for (const { userId, deviceId, keys } of stored) {
      const known = devices.get(userId);
      // Keys that outlived their device by a race are nobody's.
      if (known === undefined || !known.has(deviceId) || !isWanted(request, userId, deviceId)) continue;
      const ofUser = answer.device_keys[userId];
      const name = known.get(deviceId);
      const unsigned = name === undefined ? {} : { device_display_name: name };
      if (ofUser) ofUser[deviceId] = { ...withSignatures(keys, signatures.get(`${userId}\0${deviceId}`)), unsigned };
    }
    for (const { userId, usage, publicKey, json } of published.keys) {
      answer[`${usage}_keys`][userId] = withSignatures(json, signatures.get(`${userId}\0${publicKey}`));
    }
    return answer;
  }
}

function emptyAnswer(): QueryAnswer {
  return {
    device_keys: Object.create(null),
    master_keys: Object.create(null),
    self_signing_keys: Object.create(null),
    user_signing_keys: Object.create(null),
  };
}

function isWanted(request: QueryRequest, userId: UserId, deviceId: DeviceId): boolean {
  const wanted = request.get(userId);
  return wanted !== undefined && (wanted.length === 0 || wanted.includes(deviceId));
}

function groupSignatures(signatures: readonly KeySignature[]): Map<string, KeySignature[]> {
  const groups = new Map<string, KeySignature[]>();
  for (const signature of signatures) {
    const key = `${signature.userId}\0${signature.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [signature]);
    else group.push(signature);
  }
  return groups;
}

/** The key with further signatures beside its own. */
function withSignatures(key: JsonObject, signatures: readonly KeySignature[] | undefined): JsonObject {
  if (signatures === undefined) return key;
  const own = isJsonObject(key.signatures) ? key.signatures : {};
  const merged: JsonObject = { ...own };
  for (const { signerId, signerKey, signature } of signatures) {
    const bySigner = merged[signerId];
    merged[signerId] = { ...(isJsonObject(bySigner) ? bySigner : {}), [signerKey]: signature };
  }
  return { ...key, signatures: merged };
}
