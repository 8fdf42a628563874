import postgres, { type ReservedSql, type Sql } from 'postgres';
import type { Step } from '../writer/decode-group.ts';
import type { WriterAnswer } from '../writer/messages.ts';
import { applyGroup } from './apply-group.ts';
import { checkDatabase, takeLock } from './check-database.ts';
import { connectionOptions, type PostgresConfig } from './connection-options.ts';
import { TextMap } from './placeholders.ts';
import { messageOf } from './postgres-errors.ts';

const SETTINGS = {
  max: 1,
  /** Statements sent ahead of their answers. */
  max_pipeline: 1000,
  /** Never closed for age: the lock goes with the session. */
  max_lifetime: null,
};
const CLOSE_SECONDS = 5;

/** One session with the server. */
interface Session {
  readonly sql: Sql;
  readonly reserved: ReservedSql;
  /** Rejected when the session has ended. */
  readonly lost: Promise<never>;
}

/**
 * The one connection that writes. It holds the server's lock on the database, so it never moves to another session
 * unnoticed: once it fails it is thrown away, and the next group begins with a new one and the lock taken again.
 */
export class WriteConnection {
  readonly #config: PostgresConfig;
  readonly #texts = new TextMap();
  #session: Session | undefined;

  constructor(config: PostgresConfig) {
    this.#config = config;
  }

  async open(): Promise<void> {
    this.#session = await this.#connect();
  }

  /** Throws when the connection is lost: then what became of the group is unknown. */
  async apply(batches: readonly Step[][]): Promise<WriterAnswer> {
    this.#session ??= await this.#connect();
    const session = this.#session;
    try {
      // The driver leaves statements that wait behind others without an answer when the connection is lost.
      return await Promise.race([applyGroup(session.reserved, batches, this.#texts), session.lost]);
    } catch (error) {
      this.#forget(session);
      await session.sql.end({ timeout: 0 });
      throw new Error(`the connection failed, and whether the write happened is unknown: ${messageOf(error)}`);
    }
  }

  async close(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    this.#forget(session);
    session.reserved.release();
    await session.sql.end({ timeout: CLOSE_SECONDS });
  }

  async #connect(): Promise<Session> {
    const lost = Promise.withResolvers<never>();
    // Whoever waits for the session hears of it; there may be nobody.
    lost.promise.catch(() => undefined);
    const sql = postgres({
      ...connectionOptions(this.#config),
      ...SETTINGS,
      onclose: () => {
        lost.reject(new Error('the server closed the connection'));
        if (this.#session?.sql === sql) this.#session = undefined;
      },
    });
    try {
      await checkDatabase(sql, this.#config.allowUnsafeLocale ?? false);
      const reserved = await sql.reserve();
      await Promise.race([prepareSession(reserved), lost.promise]);
      return { sql, reserved, lost: lost.promise };
    } catch (error) {
      await sql.end({ timeout: 0 });
      throw error;
    }
  }

  #forget(session: Session): void {
    if (this.#session === session) this.#session = undefined;
  }
}

async function prepareSession(reserved: ReservedSql): Promise<void> {
  await takeLock(reserved);
  // What an operator has made stronger than that stays.
  await reserved.unsafe(
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
  );
}
