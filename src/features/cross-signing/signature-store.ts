import { inTexts, listParameter, statement } from '#platform/storage/index.ts';
import type { Batch, Reader, SqlValue, Statement } from '#platform/storage/ports.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { CrossSigningTables } from './tables.ts';

type Row = CrossSigningTables['key_signatures'];

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

const upsert = statement(
  'insert into key_signatures (user_id, key_name, signer_id, signer_key, signature) values (?, ?, ?, ?, ?) ' +
    'on conflict (user_id, key_name, signer_id, signer_key) do update set signature = excluded.signature',
);
const removeOn = statement('delete from key_signatures where user_id = ? and key_name = ?');
const removeBy = statement('delete from key_signatures where signer_id = ? and signer_key = ?');
const removeUser = [
  statement('delete from key_signatures where user_id = ?'),
  statement('delete from key_signatures where signer_id = ?'),
];

/** Signatures that were uploaded apart from the keys they are on. */
export class SignatureStore {
  readonly #visible: (...parameters: SqlValue[]) => Statement<Row>;

  constructor(private readonly reader: Reader) {
    this.#visible = statement(
      'select user_id, key_name, signer_id, signer_key, signature from key_signatures where ' +
        `${inTexts(reader.dialect, 'user_id')} and (signer_id = user_id or signer_id = ?)`,
    );
  }

  /**
   * The signatures on the users' keys that `viewer` may see: those of the owner of each key, and the viewer's own.
   * https://spec.matrix.org/v1.19/client-server-api/#key-and-signature-security
   */
  async visibleTo(viewer: UserId | undefined, userIds: readonly UserId[]): Promise<KeySignature[]> {
    if (userIds.length === 0) return [];
    const rows = await this.reader.all(this.#visible(listParameter(userIds), viewer ?? ''));
    return rows.map((row) => ({
      userId: row.user_id as UserId,
      name: row.key_name,
      signerId: row.signer_id as UserId,
      signerKey: row.signer_key,
      signature: row.signature,
    }));
  }

  put({ userId, name, signerId, signerKey, signature }: KeySignature): Statement {
    return upsert(userId, name, signerId, signerKey, signature);
  }

  /** The key or device is another now, or gone: what is signed by it and what signs it means nothing any longer. */
  forgetKey(batch: Batch, userId: UserId, name: DeviceId | string): void {
    batch.add(removeOn(userId, name));
    batch.add(removeBy(userId, `ed25519:${name}`));
  }

  forgetUser(batch: Batch, userId: UserId): void {
    for (const remove of removeUser) batch.add(remove(userId));
  }
}
