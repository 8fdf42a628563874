import { type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { StreamPosition } from '#platform/streams/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';

/** One piece of account data; `roomId` is empty for what is not about a room, `content` is `{}` once it has been deleted. */
export interface AccountDataRow {
  readonly room_id: string;
  readonly type: string;
  readonly content: string;
  readonly position: StreamPosition;
}

/** Which piece: of the whole account, or of one room. */
export interface AccountDataKey {
  readonly roomId?: RoomId | undefined;
  readonly type: string;
}

/** What stands for deleted data: devices that sync learn of it, others never see it. */
export const DELETED = '{}';

const COLUMNS = 'select room_id, type, content, position from account_data where user_id = ?';
const one = statement<AccountDataRow>(`${COLUMNS} and room_id = ? and type = ?`);
const everything = statement<AccountDataRow>(`${COLUMNS} and content <> '${DELETED}' order by position`);
const ofRoom = statement<AccountDataRow>(`${COLUMNS} and room_id = ? and content <> '${DELETED}' order by position`);
const changed = statement<AccountDataRow>(`${COLUMNS} and position > ? and position <= ? order by position`);
const UPSERT = 'insert into account_data (user_id, room_id, type, content, position) values (?, ?, ?, ?, ?)';
const insert = statement(UPSERT);
const upsert = statement(
  `${UPSERT} on conflict (user_id, room_id, type) do update set content = excluded.content, position = excluded.position`,
);
const replace = statement(
  'update account_data set content = ?, position = ? where user_id = ? and room_id = ? and type = ? and position = ?',
);
const erase = statement(
  `update account_data set content = '${DELETED}', position = ? ` +
    `where user_id = ? and room_id = ? and type = ? and content <> '${DELETED}'`,
);
const removeUser = statement('delete from account_data where user_id = ?');

export class AccountDataStore {
  constructor(private readonly reader: Reader) {}

  find(userId: UserId, { roomId, type }: AccountDataKey): Promise<AccountDataRow | undefined> {
    return this.reader.first(one(userId, roomId ?? '', type));
  }

  everything(userId: UserId): Promise<AccountDataRow[]> {
    return this.reader.all(everything(userId));
  }

  ofRoom(userId: UserId, roomId: RoomId): Promise<AccountDataRow[]> {
    return this.reader.all(ofRoom(userId, roomId));
  }

  /** With `after < position <= upTo`, deleted pieces included. */
  changed(userId: UserId, after: StreamPosition, upTo: StreamPosition): Promise<AccountDataRow[]> {
    return this.reader.all(changed(userId, after, upTo));
  }

  put(userId: UserId, { roomId, type }: AccountDataKey, content: string, position: StreamPosition): Statement {
    return upsert(userId, roomId ?? '', type, content, position);
  }

  /** Changes one row if `before` is still what there is. Expect one row. */
  replace(
    userId: UserId,
    { roomId, type }: AccountDataKey,
    before: AccountDataRow | undefined,
    content: string,
    position: StreamPosition,
  ): Statement {
    if (before === undefined) return insert(userId, roomId ?? '', type, content, position);
    return replace(content, position, userId, roomId ?? '', type, before.position);
  }

  /** Deletes a piece, if it is there, so that devices learn of it. */
  erase(userId: UserId, { roomId, type }: AccountDataKey, position: StreamPosition): Statement {
    return erase(position, userId, roomId ?? '', type);
  }

  removeUser(userId: UserId): Statement {
    return removeUser(userId);
  }
}
