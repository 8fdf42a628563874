import type { Reader, SqlValue, Statement } from '#platform/storage/index.ts';
import { inTexts, listParameter, statement } from '#platform/storage/index.ts';
import { localpartOf, type UserId } from '#protocol/identifiers/index.ts';
import type { Account, AccountFlags, NewAccount } from './account.ts';
import type { AccountTables } from './tables.ts';

type Row = AccountTables['users'];

const byId = statement<Row>('select * from users where user_id = ?');
const byLocalpart = statement<Row>('select * from users where folded_localpart = ? limit 2');
const insert = statement(
  'insert into users (user_id, folded_localpart, password_hash, user_type, appservice_id, consent_version, consent_ts, ' +
    'created_ts, is_admin, is_guest, is_shadow_banned) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
);
const setPassword = statement('update users set password_hash = ? where user_id = ? and is_deactivated = 0');
const replaceHash = statement('update users set password_hash = ? where user_id = ? and password_hash = ?');
const isStill = statement('update users set is_deactivated = 0 where user_id = ? and is_deactivated = 0');
const isStillWith = statement(
  'update users set is_deactivated = 0 where user_id = ? and is_deactivated = 0 and password_hash = ?',
);
const deactivate = statement(
  'update users set is_deactivated = 1, password_hash = null, is_erased = case when ? = 1 then 1 else is_erased end ' +
    'where user_id = ?',
);
const reactivate = statement('update users set is_deactivated = 0, is_erased = 0, password_hash = ? where user_id = ?');
const upgradeGuest = statement(
  'update users set is_guest = 0, password_hash = ? where user_id = ? and is_guest = 1 and is_deactivated = 0',
);
const consent = statement('update users set consent_version = ?, consent_ts = ? where user_id = ?');
const addDeparture = statement(
  'insert into user_departures (user_id, is_erased) values (?, ?) ' +
    'on conflict (user_id) do update set is_erased = excluded.is_erased',
);
const removeDeparture = statement('delete from user_departures where user_id = ?');
const departures = statement<AccountTables['user_departures']>('select user_id, is_erased from user_departures');
const everybody = statement<AccountTables['users']>('select * from users order by user_id');
const count = statement<{ count: number }>('select count(*) as count from users');

const FLAG_COLUMNS: Readonly<Record<keyof AccountFlags, string>> = {
  isAdmin: 'is_admin',
  isLocked: 'is_locked',
  isSuspended: 'is_suspended',
  isShadowBanned: 'is_shadow_banned',
  isApproved: 'is_approved',
  isErased: 'is_erased',
  userType: 'user_type',
};

/** The users of this server. */
export class UserStore {
  constructor(private readonly reader: Reader) {}

  async find(userId: UserId): Promise<Account | undefined> {
    const row = await this.reader.first(byId(userId));
    return row === undefined ? undefined : toAccount(row);
  }

  /** Those whose localpart differs in case at most; two of several. */
  async findByFoldedLocalpart(localpart: string): Promise<Account[]> {
    return (await this.reader.all(byLocalpart(localpart.toLowerCase()))).map(toAccount);
  }

  /** Every account, by user id: for operators, not for requests. */
  async all(): Promise<Account[]> {
    return (await this.reader.allHeavy(everybody())).map(toAccount);
  }

  async count(): Promise<number> {
    return Number((await this.reader.first(count()))?.count ?? 0);
  }

  /** Conflicts when the user exists. */
  insert(account: NewAccount, nowMs: number): Statement {
    const { userId, passwordHash, userType, appserviceId, consentVersion } = account;
    return insert(
      userId,
      localpartOf(userId).toLowerCase(),
      passwordHash ?? null,
      userType ?? null,
      appserviceId ?? null,
      consentVersion ?? null,
      consentVersion === undefined ? null : nowMs,
      nowMs,
      account.isAdmin ? 1 : 0,
      account.isGuest ? 1 : 0,
      account.isShadowBanned ? 1 : 0,
    );
  }

  /** Changes one row, or none when the user is deactivated or unknown. */
  setPassword(userId: UserId, passwordHash: string | undefined): Statement {
    return setPassword(passwordHash ?? null, userId);
  }

  /** Changes one row, or none when the user is no guest any more. */
  upgradeGuest(userId: UserId, passwordHash: string): Statement {
    return upgradeGuest(passwordHash, userId);
  }

  /** Takes effect only while the hash is still the one that was verified. */
  replacePasswordHash(userId: UserId, from: string, to: string): Statement {
    return replaceHash(to, userId, from);
  }

  /** A premise, for `expectRows` 1: the user is active, and the password that was verified is still in force. */
  isStillActive(userId: UserId, passwordHash?: string): Statement {
    return passwordHash === undefined ? isStill(userId) : isStillWith(userId, passwordHash);
  }

  /** Empty where nothing is to change. */
  setFlags(userId: UserId, flags: Partial<AccountFlags>): Statement[] {
    return Object.entries(flags).map(([name, value]) => {
      const column = FLAG_COLUMNS[name as keyof AccountFlags];
      return { sql: `update users set ${column} = ? where user_id = ?`, parameters: [toSql(value), userId] };
    });
  }

  setConsent(userId: UserId, version: string, nowMs: number): Statement {
    return consent(version, nowMs, userId);
  }

  deactivate(userId: UserId, erase: boolean): Statement[] {
    return [deactivate(erase ? 1 : 0, userId), addDeparture(userId, erase ? 1 : 0)];
  }

  reactivate(userId: UserId, passwordHash: string | undefined): Statement[] {
    return [reactivate(passwordHash ?? null, userId), removeDeparture(userId)];
  }

  /** Those of the users whose content is not to be shown to whoever comes later. */
  async erasedAmong(userIds: readonly UserId[]): Promise<ReadonlySet<UserId>> {
    const { dialect } = this.reader;
    const sql = `select user_id from users where is_erased = 1 and ${inTexts(dialect, 'user_id')}`;
    const rows = await this.reader.all<Pick<Row, 'user_id'>>({ sql, parameters: [listParameter(userIds)] });
    return new Set(rows.map((row) => row.user_id as UserId));
  }

  /** Deactivated users who have yet to be taken out of their rooms. */
  async departures(): Promise<{ readonly userId: UserId; readonly erase: boolean }[]> {
    const rows = await this.reader.all(departures());
    return rows.map((row) => ({ userId: row.user_id as UserId, erase: row.is_erased === 1 }));
  }

  removeDeparture(userId: UserId): Statement {
    return removeDeparture(userId);
  }
}

const toSql = (value: boolean | string | undefined): SqlValue =>
  typeof value === 'boolean' ? (value ? 1 : 0) : (value ?? null);

function toAccount(row: Row): Account {
  return {
    userId: row.user_id as UserId,
    passwordHash: row.password_hash ?? undefined,
    userType: row.user_type ?? undefined,
    appserviceId: row.appservice_id ?? undefined,
    createdTs: row.created_ts,
    consentVersion: row.consent_version ?? undefined,
    isAdmin: row.is_admin === 1,
    isGuest: row.is_guest === 1,
    isDeactivated: row.is_deactivated === 1,
    isErased: row.is_erased === 1,
    isLocked: row.is_locked === 1,
    isSuspended: row.is_suspended === 1,
    isShadowBanned: row.is_shadow_banned === 1,
    isApproved: row.is_approved === 1,
  };
}
