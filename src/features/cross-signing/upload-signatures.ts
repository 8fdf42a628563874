import type { Clock } from '#platform/clock/index.ts';
import type { StreamBatch, Streams } from '#platform/streams/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import { type CrossSigningKey, isSameSigned, isSignedBy } from './cross-signing-key.ts';
import type { CrossSigningStore } from './cross-signing-store.ts';
import type { DeviceKeys } from './ports.ts';
import type { KeySignature, SignatureStore } from './signature-store.ts';

/** Signed objects by user id, and by device id or public key. */
export type SignatureUpload = Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
/** Errors, by the same. */
export type SignatureFailures = Record<string, Record<string, JsonObject>>;

export interface UploadSignaturesDeps {
  readonly streams: Pick<Streams, 'commit'>;
  readonly keys: CrossSigningStore;
  readonly signatures: SignatureStore;
  readonly deviceKeys: DeviceKeys;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly deviceListChanged: (batch: StreamBatch, userId: UserId) => void;
  readonly deviceListChangedFor: (batch: StreamBatch, observer: UserId, userIds: readonly UserId[]) => void;
}

/** What the signer and the signed users have published. */
interface Published {
  readonly masters: ReadonlyMap<string, CrossSigningKey>;
  readonly selfSigning: CrossSigningKey | undefined;
  readonly userSigning: CrossSigningKey | undefined;
  readonly devices: ReadonlyMap<string, JsonObject>;
}

/** Signatures verified between two turns given to others: some milliseconds of work. */
const VERIFIED_AT_ONCE = 64;

/**
 * Takes signatures of keys: by the self-signing key on the signer's own devices, by the signer's devices on the own master
 * key, by the user-signing key on the master keys of others.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keyssignaturesupload
 */
export class UploadSignatures {
  constructor(private readonly deps: UploadSignaturesDeps) {}

  async upload(signer: UserId, upload: SignatureUpload): Promise<SignatureFailures> {
    const published = await this.#published(signer, Object.keys(upload) as UserId[]);
    const failures: SignatureFailures = Object.create(null);
    const accepted: KeySignature[] = [];
    let verified = 0;
    for (const [userId, objects] of Object.entries(upload)) {
      for (const [name, object] of Object.entries(objects)) {
        if (++verified % VERIFIED_AT_ONCE === 0) await this.deps.clock.sleep(0);
        const verdict = check({ signer, userId: userId as UserId, name, object }, published);
        if (verdict instanceof MatrixError) {
          failures[userId] ??= Object.create(null) as Record<string, JsonObject>;
          failures[userId][name] = verdict.body();
        } else {
          accepted.push(...verdict);
        }
      }
    }
    await this.#store(signer, accepted);
    return failures;
  }

  async #published(signer: UserId, userIds: readonly UserId[]): Promise<Published> {
    const [keys, devices] = await Promise.all([
      this.deps.keys.ofUsers([...new Set([signer, ...userIds])]),
      userIds.includes(signer) ? this.deps.deviceKeys.ofUsers([signer]) : [],
    ]);
    const own = (usage: string) => keys.find((key) => key.userId === signer && key.usage === usage);
    return {
      masters: new Map(keys.filter((key) => key.usage === 'master').map((key) => [key.userId, key])),
      selfSigning: own('self_signing'),
      userSigning: own('user_signing'),
      devices: new Map(devices.map((device) => [device.deviceId, device.keys])),
    };
  }

  async #store(signer: UserId, accepted: readonly KeySignature[]): Promise<void> {
    const known = await this.deps.signatures.visibleTo(signer, [...new Set(accepted.map(({ userId }) => userId))]);
    const added = accepted.filter((signature) => !known.some((other) => isEqual(signature, other)));
    if (added.length === 0) return;
    const others = [...new Set(added.map(({ userId }) => userId))].filter((userId) => userId !== signer);
    await this.deps.streams.commit((batch) => {
      for (const signature of added) batch.add(this.deps.signatures.put(signature));
      if (added.some(({ userId }) => userId === signer)) this.deps.deviceListChanged(batch, signer);
      if (others.length > 0) this.deps.deviceListChangedFor(batch, signer, others);
    });
  }
}

interface SignedObject {
  readonly signer: UserId;
  readonly userId: UserId;
  readonly name: string;
  readonly object: JsonObject;
}

function check(signed: SignedObject, published: Published): KeySignature[] | MatrixError {
  const master = published.masters.get(signed.userId);
  const isMaster = master !== undefined && master.publicKey === signed.name;
  if (signed.userId !== signed.signer) {
    if (!isMaster) return new MatrixError('M_NOT_FOUND', 'This is no master key of that user');
    return bySigningKey(signed, master.json, published.userSigning, 'user-signing');
  }
  if (isMaster) return byDevices(signed, master.json, published.devices);
  const device = published.devices.get(signed.name as DeviceId);
  if (device === undefined) return new MatrixError('M_NOT_FOUND', 'There is no such device or key');
  return bySigningKey(signed, device, published.selfSigning, 'self-signing');
}

function bySigningKey(
  { signer, userId, name, object }: SignedObject,
  stored: JsonObject,
  key: CrossSigningKey | undefined,
  kind: string,
): KeySignature[] | MatrixError {
  if (key === undefined) return new MatrixError('M_NOT_FOUND', `You have no ${kind} key`);
  if (!isSameSigned(object, stored)) return mismatch();
  const signature = signaturesOf(object, signer).get(`ed25519:${key.publicKey}`);
  if (signature === undefined || !isSignedBy(object, signer, key.publicKey, key.publicKey)) return badSignature();
  return [{ userId, name, signerId: signer, signerKey: `ed25519:${key.publicKey}`, signature }];
}

/** Of the signatures on one's own master key those of one's devices count; others may be there and are left out. */
function byDevices(
  { signer, userId, name, object }: SignedObject,
  stored: JsonObject,
  devices: ReadonlyMap<string, JsonObject>,
): KeySignature[] | MatrixError {
  if (!isSameSigned(object, stored)) return mismatch();
  const accepted: KeySignature[] = [];
  for (const [signerKey, signature] of signaturesOf(object, signer)) {
    const deviceId = signerKey.slice('ed25519:'.length);
    const keys = devices.get(deviceId)?.keys;
    const publicKey = isJsonObject(keys) ? keys[signerKey] : undefined;
    if (typeof publicKey !== 'string') continue;
    if (!isSignedBy(object, signer, deviceId, publicKey)) return badSignature();
    accepted.push({ userId, name, signerId: signer, signerKey, signature });
  }
  return accepted.length === 0 ? badSignature() : accepted;
}

function signaturesOf(object: JsonObject, signer: UserId): Map<string, string> {
  const { signatures } = object;
  const own = isJsonObject(signatures) && Object.hasOwn(signatures, signer) ? signatures[signer] : undefined;
  const entries = isJsonObject(own) ? Object.entries(own) : [];
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function mismatch(): MatrixError {
  return new MatrixError('M_INVALID_PARAM', 'This is not the key that was published');
}

function badSignature(): MatrixError {
  return new MatrixError('M_INVALID_SIGNATURE', 'The signature is missing or wrong');
}

function isEqual(a: KeySignature, b: KeySignature): boolean {
  return (
    a.userId === b.userId &&
    a.name === b.name &&
    a.signerId === b.signerId &&
    a.signerKey === b.signerKey &&
    a.signature === b.signature
  );
}
