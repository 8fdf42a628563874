import { inTexts, listParameter, statement } from '#platform/storage/index.ts';
import type { Reader, SqlValue, Statement } from '#platform/storage/ports.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { SessionKey } from './session-key.ts';
import type { KeyBackupTables } from './tables.ts';

type BackupRow = Omit<KeyBackupTables['key_backups'], 'user_id'>;
type SessionRow = Omit<KeyBackupTables['key_backup_sessions'], 'user_id' | 'version'>;

export interface Backup {
  readonly version: number;
  readonly algorithm: string;
  readonly authData: JsonObject;
  readonly etag: number;
  readonly keyCount: number;
  readonly isDeleted: boolean;
}

/** A key's place in the order of a backup. */
export type Place = Pick<SessionKey, 'roomId' | 'sessionId'>;

/** All keys of a backup, those of a room, or one. */
export interface Scope {
  readonly roomId?: string;
  readonly sessionId?: string;
}

const BACKUP = 'select version, algorithm, auth_data, etag, key_count, is_deleted from key_backups where user_id = ?';
const selectBackup = statement<BackupRow>(`${BACKUP} and version = ?`);
const selectCurrent = statement<BackupRow>(`${BACKUP} and is_deleted = 0 order by version desc limit 1`);
const insertBackup = statement<{ version: number }>(
  'insert into key_backups (user_id, version, algorithm, auth_data, etag, key_count, is_deleted) ' +
    'select ?, coalesce(max(version), 0) + 1, ?, ?, 0, 0, 0 from key_backups where user_id = ? returning version',
);
const setAuthData = statement(
  'update key_backups set auth_data = ? where user_id = ? and version = ? and algorithm = ? and is_deleted = 0',
);
const markDeleted = statement('update key_backups set is_deleted = 1, key_count = 0 where user_id = ? and version = ?');
const recordChange = statement(
  'update key_backups set etag = etag + 1, key_count = key_count + ? ' +
    'where user_id = ? and version = ? and etag = ? and is_deleted = 0',
);
const isNewest = statement(
  'update key_backups set etag = etag where user_id = ? and version = ? and not exists ' +
    '(select 1 from key_backups n where n.user_id = ? and n.version > ? and n.is_deleted = 0)',
);
const SESSION_COLUMNS = 'room_id, session_id, first_message_index, forwarded_count, is_verified, session_data';
const IN_BACKUP = 'user_id = ? and version = ?';
/** Keys written by one statement. */
const PUT_AT_ONCE = 50;
const putSessions = (count: number) =>
  statement(
    `insert into key_backup_sessions (user_id, version, ${SESSION_COLUMNS}) ` +
      `values ${Array(count).fill('(?, ?, ?, ?, ?, ?, ?, ?)').join(', ')} ` +
      'on conflict (user_id, version, room_id, session_id) do update set first_message_index = excluded.first_message_index, ' +
      'forwarded_count = excluded.forwarded_count, is_verified = excluded.is_verified, session_data = excluded.session_data',
  );
const putOne = putSessions(1);
const putMany = putSessions(PUT_AT_ONCE);
const pageOfAll = statement<SessionRow>(
  `select ${SESSION_COLUMNS} from key_backup_sessions where ${IN_BACKUP} and (room_id, session_id) > (?, ?) ` +
    'order by room_id, session_id limit ?',
);
const pageOfRoom = statement<SessionRow>(
  `select ${SESSION_COLUMNS} from key_backup_sessions where ${IN_BACKUP} and room_id = ? and session_id > ? ` +
    'order by session_id limit ?',
);
const selectSession = statement<SessionRow>(
  `select ${SESSION_COLUMNS} from key_backup_sessions where ${IN_BACKUP} and room_id = ? and session_id = ?`,
);
const removeUser = ['key_backups', 'key_backup_sessions'].map((table) =>
  statement(`delete from ${table} where user_id = ?`),
);

/** Backups of users, and the keys in them. */
export class KeyBackupStore {
  readonly #ofSessions: (...parameters: SqlValue[]) => Statement<SessionRow>;

  constructor(private readonly reader: Reader) {
    const sessions = inTexts(reader.dialect, 'session_id');
    this.#ofSessions = statement(
      `select ${SESSION_COLUMNS} from key_backup_sessions where ${IN_BACKUP} and room_id = ? and ${sessions}`,
    );
  }

  async find(userId: UserId, version: number): Promise<Backup | undefined> {
    return toBackup(await this.reader.first(selectBackup(userId, version)));
  }

  /** The newest backup that has not been deleted. */
  async current(userId: UserId): Promise<Backup | undefined> {
    return toBackup(await this.reader.first(selectCurrent(userId)));
  }

  /** The next version: fails the batch when another process takes it at the same time. */
  create(userId: UserId, algorithm: string, authData: JsonObject): Statement<{ version: number }> {
    return insertBackup(userId, algorithm, JSON.stringify(authData), userId);
  }

  setAuthData(userId: UserId, { version, algorithm }: Backup, authData: JsonObject): Statement {
    return setAuthData(JSON.stringify(authData), userId, version, algorithm);
  }

  markDeleted(userId: UserId, version: number): Statement {
    return markDeleted(userId, version);
  }

  /** Changes one row if the backup is still as it was read, else none. */
  recordChange(userId: UserId, { version, etag }: Backup, addedKeys: number): Statement {
    return recordChange(addedKeys, userId, version, etag);
  }

  /** Changes one row if there is no newer backup, else none. */
  isNewest(userId: UserId, version: number): Statement {
    return isNewest(userId, version, userId, version);
  }

  /** Writes keys, none of them twice. */
  put(userId: UserId, version: number, keys: readonly SessionKey[]): Statement[] {
    const rows = keys.map((key): SqlValue[] => {
      const { roomId, sessionId, firstMessageIndex, forwardedCount, isVerified, sessionData } = key;
      const quality = [firstMessageIndex, forwardedCount, isVerified ? 1 : 0];
      return [userId, version, roomId, sessionId, ...quality, sessionData];
    });
    const statements: Statement[] = [];
    while (rows.length >= PUT_AT_ONCE) statements.push(putMany(...rows.splice(-PUT_AT_ONCE).flat()));
    return [...statements, ...rows.map((row) => putOne(...row))];
  }

  async sessionsOf(
    userId: UserId,
    version: number,
    roomId: string,
    sessionIds: readonly string[],
  ): Promise<SessionKey[]> {
    const rows = await this.reader.all(this.#ofSessions(userId, version, roomId, listParameter(sessionIds)));
    return rows.map(toSession);
  }

  async session(userId: UserId, version: number, roomId: string, sessionId: string): Promise<SessionKey | undefined> {
    const row = await this.reader.first(selectSession(userId, version, roomId, sessionId));
    return row === undefined ? undefined : toSession(row);
  }

  /** The keys after `after`, or the first ones, in a fixed order. */
  async page(
    userId: UserId,
    version: number,
    roomId: string | undefined,
    after: Place | undefined,
    limit: number,
  ): Promise<SessionKey[]> {
    const query =
      roomId === undefined
        ? pageOfAll(userId, version, after?.roomId ?? '', after?.sessionId ?? '', limit)
        : pageOfRoom(userId, version, roomId, after?.sessionId ?? '', limit);
    return (await this.reader.all(query)).map(toSession);
  }

  async count(userId: UserId, version: number, scope: Scope): Promise<number> {
    const { where, parameters } = inScope(userId, version, scope);
    const query = statement<{ count: number }>(`select count(*) as count from key_backup_sessions where ${where}`);
    return Number((await this.reader.first(query(...parameters)))?.count ?? 0);
  }

  /** The place of the key with `before` others before it, or `undefined` where there are not so many. */
  async placeAfter(userId: UserId, version: number, scope: Scope, before: number): Promise<Place | undefined> {
    const { where, parameters } = inScope(userId, version, scope);
    const query = statement<Pick<SessionRow, 'room_id' | 'session_id'>>(
      `select room_id, session_id from key_backup_sessions where ${where} order by room_id, session_id limit 1 offset ?`,
    );
    const row = await this.reader.first(query(...parameters, before));
    return row === undefined ? undefined : { roomId: row.room_id, sessionId: row.session_id };
  }

  /** Deletes the keys up to a place, that one included, or all: by a range, which both engines find by the index alone. */
  remove(userId: UserId, version: number, scope: Scope, upTo: Place | undefined): Statement {
    const { where, parameters } = inScope(userId, version, scope);
    const text = `delete from key_backup_sessions where ${where}`;
    if (upTo === undefined) return statement(text)(...parameters);
    return statement(`${text} and (room_id, session_id) <= (?, ?)`)(...parameters, upTo.roomId, upTo.sessionId);
  }

  removeUser(userId: UserId): readonly Statement[] {
    return removeUser.map((remove) => remove(userId));
  }
}

function inScope(userId: UserId, version: number, { roomId, sessionId }: Scope) {
  const parameters: SqlValue[] = [userId, version];
  let where = IN_BACKUP;
  if (roomId !== undefined) {
    where += ' and room_id = ?';
    parameters.push(roomId);
  }
  if (sessionId !== undefined) {
    where += ' and session_id = ?';
    parameters.push(sessionId);
  }
  return { where, parameters };
}

function toBackup(row: BackupRow | undefined): Backup | undefined {
  if (row === undefined) return undefined;
  return {
    version: row.version,
    algorithm: row.algorithm,
    authData: JSON.parse(row.auth_data) as JsonObject,
    etag: row.etag,
    keyCount: row.key_count,
    isDeleted: row.is_deleted === 1,
  };
}

function toSession(row: SessionRow): SessionKey {
  return {
    roomId: row.room_id,
    sessionId: row.session_id,
    firstMessageIndex: row.first_message_index,
    forwardedCount: row.forwarded_count,
    isVerified: row.is_verified === 1,
    sessionData: row.session_data,
  };
}
