import { type Reader, type Statement, statement } from '#platform/storage/index.ts';

interface Row {
  readonly token: string;
  readonly uses_allowed: number | null;
  readonly pending: number;
  readonly completed: number;
  readonly expires_ts: number | null;
}

/** A token that lets people register. */
export interface RegistrationToken {
  readonly token: string;
  /** `undefined`: any number. */
  readonly usesAllowed: number | undefined;
  /** Registrations that have begun with it and are not done. */
  readonly pending: number;
  readonly completed: number;
  /** Milliseconds since the epoch. */
  readonly expiresTs: number | undefined;
}

const IS_USABLE =
  '(expires_ts is null or expires_ts >= ?) and (uses_allowed is null or uses_allowed > pending + completed)';

const find = statement<Row>('select * from registration_tokens where token = ?');
const all = statement<Row>('select * from registration_tokens order by token');
const usable = statement<Row>(`select * from registration_tokens where token = ? and ${IS_USABLE}`);
const insert = statement('insert into registration_tokens (token, uses_allowed, expires_ts) values (?, ?, ?)');
const update = statement('update registration_tokens set uses_allowed = ?, expires_ts = ? where token = ?');
const remove = statement('delete from registration_tokens where token = ?');
const reserve = statement(`update registration_tokens set pending = pending + 1 where token = ? and ${IS_USABLE}`);
const release = statement('update registration_tokens set pending = pending - 1 where token = ? and pending > 0');
const complete = statement(
  'update registration_tokens set pending = case when pending > 0 then pending - 1 else 0 end, completed = completed + 1 ' +
    'where token = ?',
);

export class RegistrationTokenStore {
  constructor(private readonly reader: Reader) {}

  async find(token: string): Promise<RegistrationToken | undefined> {
    const row = await this.reader.first(find(token));
    return row === undefined ? undefined : toToken(row);
  }

  async all(): Promise<RegistrationToken[]> {
    return (await this.reader.all(all())).map(toToken);
  }

  async isUsable(token: string, nowMs: number): Promise<boolean> {
    return (await this.reader.first(usable(token, nowMs))) !== undefined;
  }

  /** Conflicts when the token exists. */
  insert(token: string, usesAllowed: number | undefined, expiresTs: number | undefined): Statement {
    return insert(token, usesAllowed ?? null, expiresTs ?? null);
  }

  /** Changes one row, or none when there is no such token; as does `remove`. */
  update(token: string, usesAllowed: number | undefined, expiresTs: number | undefined): Statement {
    return update(usesAllowed ?? null, expiresTs ?? null, token);
  }

  remove(token: string): Statement {
    return remove(token);
  }

  /** A premise, for `expectRows` 1: the token can be used once more. */
  reserve(token: string, nowMs: number): Statement {
    return reserve(token, nowMs);
  }

  release(token: string): Statement {
    return release(token);
  }

  complete(token: string): Statement {
    return complete(token);
  }
}

function toToken(row: Row): RegistrationToken {
  return {
    token: row.token,
    usesAllowed: row.uses_allowed ?? undefined,
    pending: row.pending,
    completed: row.completed,
    expiresTs: row.expires_ts ?? undefined,
  };
}
