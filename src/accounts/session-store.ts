import { inTexts, listParameter, type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { AccountTables } from './tables.ts';

type Bytes = Uint8Array;

/** All that an access token says, in one row. */
export interface TokenRow {
  readonly session_id: number;
  readonly refreshed_from: Bytes | null;
  readonly is_used: number;
  readonly expires_ts: number | null;
  readonly session_expires_ts: number | null;
  readonly user_id: string;
  readonly device_id: string | null;
  readonly puppeted_by: string | null;
  readonly appservice_id: string | null;
  readonly is_admin: number;
  readonly is_guest: number;
  readonly is_deactivated: number;
  readonly is_locked: number;
  readonly is_suspended: number;
  readonly is_shadow_banned: number;
}

export interface RefreshTokenRow {
  readonly session_id: number;
  readonly user_id: string;
  readonly device_id: string | null;
  readonly refreshed_from: Bytes | null;
  readonly expires_ts: number | null;
  readonly session_expires_ts: number | null;
  readonly is_deactivated: number;
  readonly is_locked: number;
}

/** What one login made. */
export interface Session {
  readonly sessionId: number;
  readonly userId: UserId;
  readonly deviceId: DeviceId | undefined;
  readonly createdTs: number;
  readonly authenticatedTs: number;
  readonly expiresTs: number | undefined;
  readonly puppetedBy: UserId | undefined;
}

/** Which of a user's sessions to end. */
export type SessionScope =
  | { readonly userId: UserId; readonly deviceIds: readonly DeviceId[] }
  | { readonly userId: UserId; readonly sessionId: number }
  | { readonly userId: UserId; readonly exceptSessionId: number | undefined };

const findToken = statement<TokenRow>(
  'select t.session_id, t.refreshed_from, t.is_used, t.expires_ts, s.expires_ts as session_expires_ts, s.user_id, s.device_id, ' +
    's.puppeted_by, u.appservice_id, u.is_admin, u.is_guest, u.is_deactivated, u.is_locked, u.is_suspended, u.is_shadow_banned ' +
    'from access_tokens t join sessions s on s.session_id = t.session_id join users u on u.user_id = s.user_id ' +
    'where t.token_hash = ?',
);
const findRefreshToken = statement<RefreshTokenRow>(
  'select t.session_id, t.refreshed_from, t.expires_ts, s.user_id, s.device_id, s.expires_ts as session_expires_ts, ' +
    'u.is_deactivated, u.is_locked from refresh_tokens t join sessions s on s.session_id = t.session_id ' +
    'join users u on u.user_id = s.user_id where t.token_hash = ?',
);
const findSession = statement<AccountTables['sessions']>('select * from sessions where session_id = ?');
const ofUser = statement<AccountTables['sessions']>('select * from sessions where user_id = ? order by session_id');
const insertSession = statement(
  'insert into sessions (session_id, user_id, device_id, created_ts, authenticated_ts, expires_ts, puppeted_by) ' +
    'values (?, ?, ?, ?, ?, ?, ?)',
);
const insertAccess = statement(
  'insert into access_tokens (token_hash, session_id, refreshed_from, is_used, created_ts, expires_ts) values (?, ?, ?, ?, ?, ?)',
);
const insertRefresh = statement(
  'insert into refresh_tokens (token_hash, session_id, refreshed_from, created_ts, expires_ts) values (?, ?, ?, ?, ?)',
);
const refreshTokenExists = statement('update refresh_tokens set session_id = session_id where token_hash = ?');
const dropSuccessorAccess = statement('delete from access_tokens where refreshed_from = ? and session_id = ?');
const dropSuccessorRefresh = statement('delete from refresh_tokens where refreshed_from = ? and session_id = ?');
const markUsed = statement('update access_tokens set is_used = 1 where refreshed_from = ? and session_id = ?');
const dropRefresh = statement('delete from refresh_tokens where token_hash = ?');
const dropExpired = statement(
  'delete from access_tokens where session_id = ? and expires_ts < ? and (refreshed_from is null or refreshed_from <> ?)',
);
const authenticated = statement('update sessions set authenticated_ts = ? where session_id = ?');

/** Sessions with their access and refresh tokens, which are known by their hashes. */
export class SessionStore {
  constructor(private readonly reader: Reader) {}

  findToken(tokenHash: Bytes): Promise<TokenRow | undefined> {
    return this.reader.first(findToken(tokenHash));
  }

  findRefreshToken(tokenHash: Bytes): Promise<RefreshTokenRow | undefined> {
    return this.reader.first(findRefreshToken(tokenHash));
  }

  async find(sessionId: number): Promise<Session | undefined> {
    const row = await this.reader.first(findSession(sessionId));
    return row === undefined ? undefined : toSession(row);
  }

  async ofUser(userId: UserId): Promise<Session[]> {
    return (await this.reader.all(ofUser(userId))).map(toSession);
  }

  insert(session: Session): Statement {
    const { sessionId, userId, deviceId, createdTs, authenticatedTs, expiresTs, puppetedBy } = session;
    return insertSession(
      sessionId,
      userId,
      deviceId ?? null,
      createdTs,
      authenticatedTs,
      expiresTs ?? null,
      puppetedBy ?? null,
    );
  }

  /** A token from a login counts as used; one from a refresh is used once a request comes with it. */
  insertAccessToken(
    token: {
      readonly hash: Bytes;
      readonly sessionId: number;
      readonly refreshedFrom?: Bytes;
      readonly expiresTs: number | undefined;
    },
    nowMs: number,
  ): Statement {
    const { hash, sessionId, refreshedFrom, expiresTs } = token;
    return insertAccess(
      hash,
      sessionId,
      refreshedFrom ?? null,
      refreshedFrom === undefined ? 1 : 0,
      nowMs,
      expiresTs ?? null,
    );
  }

  insertRefreshToken(
    token: {
      readonly hash: Bytes;
      readonly sessionId: number;
      readonly refreshedFrom?: Bytes;
      readonly expiresTs: number | undefined;
    },
    nowMs: number,
  ): Statement {
    const { hash, sessionId, refreshedFrom, expiresTs } = token;
    return insertRefresh(hash, sessionId, refreshedFrom ?? null, nowMs, expiresTs ?? null);
  }

  /** A premise, for `expectRows` 1: nobody has revoked the refresh token meanwhile. */
  refreshTokenExists(hash: Bytes): Statement {
    return refreshTokenExists(hash);
  }

  /** Takes back what an earlier exchange of the same refresh token gave, which nobody has used. */
  dropSuccessors(refreshHash: Bytes, sessionId: number): Statement[] {
    return [dropSuccessorAccess(refreshHash, sessionId), dropSuccessorRefresh(refreshHash, sessionId)];
  }

  /** Something that came of exchanging `refreshedFrom` is in use: that token ends, and access tokens expired before it go. */
  settleRefresh(refreshedFrom: Bytes, sessionId: number, nowMs: number): Statement[] {
    return [
      markUsed(refreshedFrom, sessionId),
      dropRefresh(refreshedFrom),
      // The token in use stays when it expires in its turn, so that whoever comes with it learns that it merely expired.
      dropExpired(sessionId, nowMs, refreshedFrom),
    ];
  }

  authenticated(sessionId: number, nowMs: number): Statement {
    return authenticated(nowMs, sessionId);
  }

  end(scope: SessionScope): Statement[] {
    const { where, parameters } = this.#condition(scope);
    const sessions = `select session_id from sessions where ${where}`;
    return [
      { sql: `delete from access_tokens where session_id in (${sessions})`, parameters },
      { sql: `delete from refresh_tokens where session_id in (${sessions})`, parameters },
      { sql: `delete from sessions where ${where}`, parameters },
    ];
  }

  #condition(scope: SessionScope): { readonly where: string; readonly parameters: (string | number)[] } {
    if ('deviceIds' in scope) {
      const where = `user_id = ? and ${inTexts(this.reader.dialect, 'device_id')}`;
      return { where, parameters: [scope.userId, listParameter(scope.deviceIds)] };
    }
    if ('sessionId' in scope)
      return { where: 'user_id = ? and session_id = ?', parameters: [scope.userId, scope.sessionId] };
    // No session has the id 0.
    return { where: 'user_id = ? and session_id <> ?', parameters: [scope.userId, scope.exceptSessionId ?? 0] };
  }
}

function toSession(row: AccountTables['sessions']): Session {
  return {
    sessionId: row.session_id,
    userId: row.user_id as UserId,
    deviceId: (row.device_id ?? undefined) as DeviceId | undefined,
    createdTs: row.created_ts,
    authenticatedTs: row.authenticated_ts,
    expiresTs: row.expires_ts ?? undefined,
    puppetedBy: (row.puppeted_by ?? undefined) as UserId | undefined,
  };
}
