import { type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';

interface SessionRow {
  readonly session_id: string;
  readonly method: string;
  readonly path: string;
  readonly user_id: string | null;
  readonly body: string;
  readonly secret: string | null;
  readonly outcome: string | null;
}

/** One operation that waits for its user to prove who they are. */
export interface UiaSession {
  readonly sessionId: string;
  readonly method: string;
  readonly path: string;
  /** Who asked, where they were logged in. */
  readonly userId: UserId | undefined;
  /** The request's body without `auth` and passwords. */
  body: JsonObject;
  /** The hash of a password that the body had. */
  secret: string | undefined;
  /** What the operation came to, where its session outlives it. */
  readonly outcome: JsonValue | undefined;
  /** What each completed stage gave. */
  readonly completed: Map<string, JsonValue>;
  /** Whether it is in the database. */
  isSaved: boolean;
}

const find = statement<SessionRow>('select * from uia_sessions where session_id = ?');
const stagesOf = statement<{ stage: string; result: string }>(
  'select stage, result from uia_stages where session_id = ?',
);
const insert = statement(
  'insert into uia_sessions (session_id, method, path, user_id, body, secret, created_ts) values (?, ?, ?, ?, ?, ?, ?)',
);
const update = statement('update uia_sessions set body = ?, secret = ? where session_id = ?');
const insertStage = statement('insert into uia_stages (session_id, stage, result) values (?, ?, ?)');
const setOutcome = statement('update uia_sessions set outcome = ? where session_id = ? and outcome is null');
const isStillOpen = statement('update uia_sessions set session_id = session_id where session_id = ?');
const remove = statement('delete from uia_sessions where session_id = ?');
const removeStages = statement('delete from uia_stages where session_id = ?');
const olderThan = statement<{ session_id: string; outcome: string | null }>(
  'select session_id, outcome from uia_sessions where created_ts < ? order by created_ts limit ?',
);

/** The sessions of user-interactive authentication. */
export class UiaStore {
  constructor(private readonly reader: Reader) {}

  async find(sessionId: string): Promise<UiaSession | undefined> {
    const row = await this.reader.first(find(sessionId));
    if (row === undefined) return undefined;
    return {
      sessionId,
      method: row.method,
      path: row.path,
      userId: (row.user_id ?? undefined) as UserId | undefined,
      body: JSON.parse(row.body) as JsonObject,
      secret: row.secret ?? undefined,
      outcome: row.outcome === null ? undefined : (JSON.parse(row.outcome) as JsonValue),
      completed: await this.stagesOf(sessionId),
      isSaved: true,
    };
  }

  async stagesOf(sessionId: string): Promise<Map<string, JsonValue>> {
    const rows = await this.reader.all(stagesOf(sessionId));
    return new Map(rows.map((row) => [row.stage, JSON.parse(row.result) as JsonValue]));
  }

  insert({ sessionId, method, path, userId, body, secret }: UiaSession, nowMs: number): Statement {
    return insert(sessionId, method, path, userId ?? null, JSON.stringify(body), secret ?? null, nowMs);
  }

  update({ sessionId, body, secret }: UiaSession): Statement {
    return update(JSON.stringify(body), secret ?? null, sessionId);
  }

  /** A premise, for `expectRows` 1: the session has not been used up meanwhile. */
  isStillOpen(sessionId: string): Statement {
    return isStillOpen(sessionId);
  }

  /** Conflicts when the stage has been completed meanwhile. */
  insertStage(sessionId: string, stage: string, result: JsonValue): Statement {
    return insertStage(sessionId, stage, JSON.stringify(result));
  }

  /** A premise, for `expectRows` 1: the operation has not been done before. */
  setOutcome(sessionId: string, outcome: JsonValue): Statement {
    return setOutcome(JSON.stringify(outcome), sessionId);
  }

  /** The first of them is a premise, for `expectRows` 1: the session has not been used up. */
  remove(sessionId: string): readonly [Statement, Statement] {
    return [remove(sessionId), removeStages(sessionId)];
  }

  async olderThan(
    beforeMs: number,
    limit: number,
  ): Promise<{ readonly sessionId: string; readonly isDone: boolean }[]> {
    const rows = await this.reader.all(olderThan(beforeMs, limit));
    return rows.map((row) => ({ sessionId: row.session_id, isDone: row.outcome !== null }));
  }
}
