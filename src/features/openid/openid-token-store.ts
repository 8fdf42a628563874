import { type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';

const find = statement<{ user_id: string }>(
  'select user_id from openid_tokens where token_hash = ? and expires_ts > ?',
);
const insert = statement('insert into openid_tokens (token_hash, user_id, expires_ts) values (?, ?, ?)');
const removeOf = statement('delete from openid_tokens where user_id = ?');
const removeExpired = statement('delete from openid_tokens where expires_ts <= ?');

/** OpenID tokens, known by their hashes. */
export class OpenidTokenStore {
  constructor(private readonly reader: Reader) {}

  async find(hash: Uint8Array, nowMs: number): Promise<UserId | undefined> {
    return (await this.reader.first(find(hash, nowMs)))?.user_id as UserId | undefined;
  }

  insert(hash: Uint8Array, userId: UserId, expiresTs: number): Statement {
    return insert(hash, userId, expiresTs);
  }

  removeOf(userId: UserId): Statement {
    return removeOf(userId);
  }

  removeExpired(nowMs: number): Statement {
    return removeExpired(nowMs);
  }
}
