import { type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';

const insert = statement(
  'insert into filters (user_id, filter_id, content_hash, content) values (?, ?, ?, ?) ' +
    'on conflict (user_id, content_hash) do nothing',
);
const removeOf = statement('delete from filters where user_id = ?');
const byHash = statement<{ filter_id: number }>('select filter_id from filters where user_id = ? and content_hash = ?');
const byId = statement<{ content: string }>('select content from filters where user_id = ? and filter_id = ?');

export class FilterStore {
  constructor(private readonly reader: Reader) {}

  async idOf(userId: UserId, contentHash: string): Promise<number | undefined> {
    return (await this.reader.first(byHash(userId, contentHash)))?.filter_id;
  }

  /** The filter's JSON text. */
  async find(userId: UserId, filterId: number): Promise<string | undefined> {
    return (await this.reader.first(byId(userId, filterId)))?.content;
  }

  /** Does nothing if the user has the same filter already. */
  insert(userId: UserId, filterId: number, contentHash: string, content: string): Statement {
    return insert(userId, filterId, contentHash, content);
  }

  removeOf(userId: UserId): Statement {
    return removeOf(userId);
  }
}
