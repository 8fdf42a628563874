import { inTexts, listParameter, statement } from '#platform/storage/index.ts';
import type { Reader, SqlValue, Statement } from '#platform/storage/ports.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { CrossSigningKey, Usage } from './cross-signing-key.ts';
import type { CrossSigningTables } from './tables.ts';

type Row = CrossSigningTables['cross_signing_keys'];

export type KeysByUsage = Readonly<Partial<Record<Usage, CrossSigningKey>>>;

const INSERT = 'insert into cross_signing_keys (user_id, usage, public_key, key_json) values (?, ?, ?, ?)';
const insert = statement(INSERT);
const upsert = statement(
  `${INSERT} on conflict (user_id, usage) do update set public_key = excluded.public_key, key_json = excluded.key_json`,
);
const remove = statement('delete from cross_signing_keys where user_id = ? and usage = ?');
const removeAll = statement('delete from cross_signing_keys where user_id = ?');
const allowReset = statement(
  'insert into cross_signing_resets (user_id, allowed_until_ts) values (?, ?) ' +
    'on conflict (user_id) do update set allowed_until_ts = excluded.allowed_until_ts',
);
const selectReset = statement<{ allowed_until_ts: number }>(
  'select allowed_until_ts from cross_signing_resets where user_id = ?',
);
const removeReset = statement('delete from cross_signing_resets where user_id = ?');

/** The public cross-signing keys of users: one for each usage, the newest. */
export class CrossSigningStore {
  readonly #ofUsers: (...parameters: SqlValue[]) => Statement<Row>;

  constructor(private readonly reader: Reader) {
    const users = inTexts(reader.dialect, 'user_id');
    this.#ofUsers = statement(`select user_id, usage, public_key, key_json from cross_signing_keys where ${users}`);
  }

  async ofUsers(userIds: readonly UserId[]): Promise<CrossSigningKey[]> {
    if (userIds.length === 0) return [];
    const rows = await this.reader.all(this.#ofUsers(listParameter(userIds)));
    return rows.map((row) => ({
      userId: row.user_id as UserId,
      usage: row.usage as Usage,
      publicKey: row.public_key,
      json: JSON.parse(row.key_json) as JsonObject,
    }));
  }

  async ofUser(userId: UserId): Promise<KeysByUsage> {
    return Object.fromEntries((await this.ofUsers([userId])).map((key) => [key.usage, key]));
  }

  /** Fails the batch where there is a key for that usage already. */
  insert({ userId, usage, publicKey, json }: CrossSigningKey): Statement {
    return insert(userId, usage, publicKey, JSON.stringify(json));
  }

  put({ userId, usage, publicKey, json }: CrossSigningKey): Statement {
    return upsert(userId, usage, publicKey, JSON.stringify(json));
  }

  remove(userId: UserId, usage: Usage): Statement {
    return remove(userId, usage);
  }

  removeAll(userId: UserId): readonly Statement[] {
    return [removeAll(userId), removeReset(userId)];
  }

  /** Milliseconds since the epoch until which keys may be replaced freely; 0 if they may not. */
  async resetAllowedUntil(userId: UserId): Promise<number> {
    return (await this.reader.first(selectReset(userId)))?.allowed_until_ts ?? 0;
  }

  allowReset(userId: UserId, untilMs: number): Statement {
    return allowReset(userId, untilMs);
  }
}
