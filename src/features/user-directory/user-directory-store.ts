import { escapeLike, type Reader, type SqlValue, type Statement, statement } from '#platform/storage/index.ts';
import { localpartOf, type UserId } from '#protocol/identifiers/index.ts';
import { comparable, type SearchTerm, wordsOf } from './search-words.ts';

/** A user as the directory shows them. */
export interface FoundUser {
  readonly userId: UserId;
  readonly displayName: string | undefined;
  readonly avatarUrl: string | undefined;
}

export interface UserSearch {
  readonly term: SearchTerm;
  readonly searcher: UserId;
  readonly limit: number;
  /** Also users whom the searcher shares no room with. */
  readonly everybody: boolean;
  readonly includeRemote: boolean;
  readonly includeLocked: boolean;
  readonly localFirst: boolean;
}

/** Why a user is not to be found. */
export type HiddenBecause = 'is_deactivated' | 'is_locked' | 'is_excluded';

interface Row {
  readonly user_id: string;
  readonly display_name: string | null;
  readonly avatar_url: string | null;
}

const INSERT =
  'insert into directory_users (user_id, display_name, avatar_url, name_key, localpart_key, is_local, is_deactivated, ' +
  'is_locked, is_excluded) values (?, ?, ?, ?, ?, ?, ?, ?, ?)';
const insertIfNew = statement(`${INSERT} on conflict (user_id) do nothing`);
const upsert = statement(
  `${INSERT} on conflict (user_id) do update set display_name = excluded.display_name, ` +
    'avatar_url = excluded.avatar_url, name_key = excluded.name_key',
);
const removeTokens = statement('delete from directory_tokens where user_id = ?');
const remove = statement('delete from directory_users where user_id = ?');

const WITH_PREFIX = 'token >= ? and token < ?';
/** After every text with this before it. */
const LAST = '\u{10ffff}';

const SHARES_ROOM =
  'exists (select 1 from memberships mine join memberships theirs on theirs.room_nid = mine.room_nid ' +
  "and theirs.user_id = u.user_id and theirs.membership = 'join' where mine.user_id = ? and mine.membership = 'join')";
const IN_PUBLIC_ROOM =
  'exists (select 1 from memberships m join room_summaries s on s.room_nid = m.room_nid where m.user_id = u.user_id ' +
  "and m.membership = 'join' and (s.join_rule = 'public' or s.history_visibility = 'world_readable'))";

/** The users that can be searched, with the words they are found by. Who may see whom is asked when searching. */
export class UserDirectoryStore {
  constructor(private readonly reader: Reader) {}

  /** At most `limit` users, the best first. */
  async search(search: UserSearch): Promise<FoundUser[]> {
    const { key, words, serverPrefix } = search.term;
    const [longest, ...others] = [...words].sort((a, b) => b.length - a.length);
    if (longest === undefined) return [];
    const conditions = ['u.user_id <> ?', 'u.is_deactivated = 0', 'u.is_excluded = 0'];
    const parameters: SqlValue[] = [longest, longest + LAST, search.searcher];
    const require = (condition: string, ...values: SqlValue[]) => {
      conditions.push(condition);
      parameters.push(...values);
    };
    for (const word of others) {
      const token = 'select 1 from directory_tokens t where t.user_id = u.user_id';
      require(`exists (${token} and t.token >= ? and t.token < ?)`, word, word + LAST);
    }
    if (serverPrefix !== undefined) require("u.user_id like ? escape '\\'", `%:${escapeLike(serverPrefix)}%`);
    if (!search.includeLocked) require('u.is_locked = 0');
    if (!search.includeRemote) require('u.is_local = 1');
    if (!search.everybody) require(`(${SHARES_ROOM} or ${IN_PUBLIC_ROOM})`, search.searcher);
    const prefix = `${escapeLike(key)}%`;
    const rank =
      'case when u.name_key = ? or u.localpart_key = ? then 0 ' +
      "when u.name_key like ? escape '\\' or u.localpart_key like ? escape '\\' then 1 else 2 end";
    const sql =
      'select u.user_id, u.display_name, u.avatar_url from directory_users u ' +
      `where u.user_id in (select user_id from directory_tokens where ${WITH_PREFIX}) and ${conditions.join(' and ')} ` +
      `order by ${search.localFirst ? 'u.is_local desc, ' : ''}${rank}, ` +
      'case when u.display_name is null then 1 else 0 end, case when u.avatar_url is null then 1 else 0 end, u.user_id ' +
      'limit ?';
    const rows = await this.reader.allHeavy<Row>({
      sql,
      parameters: [...parameters, key, key, prefix, prefix, search.limit],
    });
    return rows.map((row) => ({
      userId: row.user_id as UserId,
      displayName: row.display_name ?? undefined,
      avatarUrl: row.avatar_url ?? undefined,
    }));
  }

  /** Puts a user into the directory as they call themselves now. Whether they are hidden stays as it is. */
  put(user: FoundUser, isLocal: boolean): readonly Statement[] {
    return [upsert(...valuesOf(user, isLocal)), removeTokens(user.userId), ...insertTokens(user)];
  }

  /** Puts a user into the directory by their id alone, if they are not there. */
  putIfNew(userId: UserId, isLocal: boolean): readonly Statement[] {
    const user = { userId, displayName: undefined, avatarUrl: undefined };
    return [insertIfNew(...valuesOf(user, isLocal)), ...insertTokens(user)];
  }

  setHidden(userId: UserId, because: HiddenBecause, isHidden: boolean): Statement {
    return {
      sql: `update directory_users set ${because} = ? where user_id = ?`,
      parameters: [isHidden ? 1 : 0, userId],
    };
  }

  remove(userId: UserId): readonly Statement[] {
    return [remove(userId), removeTokens(userId)];
  }
}

function valuesOf({ userId, displayName, avatarUrl }: FoundUser, isLocal: boolean) {
  const local = isLocal ? 1 : 0;
  const keys = [comparable(displayName ?? ''), comparable(localpartOf(userId))] as const;
  return [userId, displayName ?? null, avatarUrl ?? null, ...keys, local, 0, 0, 0] as const;
}

function insertTokens({ userId, displayName }: FoundUser): readonly Statement[] {
  const words = wordsOf(userId, displayName);
  if (words.length === 0) return [];
  const sql = `insert into directory_tokens (token, user_id) values ${words.map(() => '(?, ?)').join(', ')}`;
  return [{ sql: `${sql} on conflict do nothing`, parameters: words.flatMap((word) => [word, userId]) }];
}
