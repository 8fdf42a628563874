import { type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';

/** A user's profile: the fields as clients name them. `revision` counts its changes. */
export interface StoredProfile {
  readonly fields: JsonObject;
  readonly revision: number;
}

/** Member events that still have to follow a change of a profile. */
export interface PendingPropagation {
  readonly userId: UserId;
  /** Which of `displayname` and `avatar_url` changed. */
  readonly fields: readonly string[];
  readonly revision: number;
}

interface Row {
  readonly display_name: string | null;
  readonly avatar_url: string | null;
  readonly fields: string;
  readonly revision: number;
}

interface PropagationRow {
  readonly user_id: string;
  readonly fields: string;
  readonly revision: number;
}

const select = statement<Row>('select display_name, avatar_url, fields, revision from profiles where user_id = ?');
const selectNames = statement<Pick<Row, 'display_name' | 'avatar_url'>>(
  'select display_name, avatar_url from profiles where user_id = ?',
);
const INSERT = 'insert into profiles (user_id, display_name, avatar_url, fields, revision) values (?, ?, ?, ?, ?)';
const insert = statement(INSERT);
const insertIfNew = statement(`${INSERT} on conflict (user_id) do nothing`);
const update = statement(
  'update profiles set display_name = ?, avatar_url = ?, fields = ?, revision = ? where user_id = ? and revision = ?',
);
const remove = statement('delete from profiles where user_id = ?');
const PENDING = 'select user_id, fields, revision from profile_propagations';
const pendingOf = statement<PropagationRow>(`${PENDING} where user_id = ?`);
const pendingOfAll = statement<PropagationRow>(PENDING);
const addPending = statement(
  'insert into profile_propagations (user_id, fields, revision) values (?, ?, ?) ' +
    "on conflict (user_id) do update set fields = profile_propagations.fields || ',' || excluded.fields, " +
    'revision = excluded.revision',
);
const donePending = statement('delete from profile_propagations where user_id = ? and revision = ?');
const dropPending = statement('delete from profile_propagations where user_id = ?');

export class ProfileStore {
  constructor(private readonly reader: Reader) {}

  async find(userId: UserId): Promise<StoredProfile | undefined> {
    const row = await this.reader.first(select(userId));
    if (row === undefined) return undefined;
    const { display_name: displayName, avatar_url: avatarUrl } = row;
    const fields: JsonObject = {
      ...(displayName === null ? {} : { displayname: displayName }),
      ...(avatarUrl === null ? {} : { avatar_url: avatarUrl }),
      ...(JSON.parse(row.fields) as JsonObject),
    };
    return { fields, revision: row.revision };
  }

  async names(userId: UserId): Promise<{ displayName: string | undefined; avatarUrl: string | undefined } | undefined> {
    const row = await this.reader.first(selectNames(userId));
    if (row === undefined) return undefined;
    return { displayName: row.display_name ?? undefined, avatarUrl: row.avatar_url ?? undefined };
  }

  /** Replaces a profile whose revision is still `before`, or makes it where there was none. Expect one row. */
  save(userId: UserId, fields: JsonObject, before: number | undefined): Statement {
    const { displayname, avatar_url: avatarUrl, ...others } = fields;
    const values = [text(displayname), text(avatarUrl), JSON.stringify(others)] as const;
    if (before === undefined) return insert(userId, ...values, 1);
    return update(...values, before + 1, userId, before);
  }

  /** The profile of a new account, unless it has one. */
  insertIfNew(userId: UserId, displayName: string): Statement {
    return insertIfNew(userId, displayName, null, '{}', 1);
  }

  remove(userId: UserId): Statement {
    return remove(userId);
  }

  async pendingOf(userId: UserId): Promise<PendingPropagation | undefined> {
    const row = await this.reader.first(pendingOf(userId));
    return row === undefined ? undefined : toPending(row);
  }

  async pending(): Promise<PendingPropagation[]> {
    return (await this.reader.all(pendingOfAll())).map(toPending);
  }

  /** Adds to what is pending for the user. */
  addPending(userId: UserId, field: string, revision: number): Statement {
    return addPending(userId, field, revision);
  }

  /** All done, unless another change has come since. */
  donePending({ userId, revision }: PendingPropagation): Statement {
    return donePending(userId, revision);
  }

  dropPending(userId: UserId): Statement {
    return dropPending(userId);
  }
}

function text(value: JsonObject[string]): string | null {
  return typeof value === 'string' ? value : null;
}

function toPending(row: PropagationRow): PendingPropagation {
  return { userId: row.user_id as UserId, fields: [...new Set(row.fields.split(','))], revision: row.revision };
}
