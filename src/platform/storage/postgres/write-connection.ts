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

/**
 * The one connection that writes. It holds the server's lock on the database, so it never moves to another session
 * unnoticed: once it fails it is thrown away, and the next group begins with a new one and the lock taken again.
 */
export class WriteConnection {
  readonly #config: PostgresConfig;
  readonly #texts = new TextMap();
  #sql: Sql | undefined;
  #reserved: ReservedSql | undefined;

  constructor(config: PostgresConfig) {
    this.#config = config;
  }

  async open(): Promise<void> {
    const sql = postgres({ ...connectionOptions(this.#config), ...SETTINGS });
    this.#sql = sql;
    try {
      await checkDatabase(sql, this.#config.allowUnsafeLocale ?? false);
      this.#reserved = await sql.reserve();
      await takeLock(this.#reserved);
      await this.#reserved.unsafe('SET synchronous_commit = on');
    } catch (error) {
      await this.#drop();
      throw error;
    }
  }

  async apply(batches: readonly Step[][]): Promise<WriterAnswer> {
    if (this.#reserved === undefined) await this.open();
    try {
      return await applyGroup(this.#reserved!, batches, this.#texts);
    } catch (error) {
      await this.#drop();
      throw new Error(`the connection failed, and whether the write happened is unknown: ${messageOf(error)}`);
    }
  }

  async close(): Promise<void> {
    this.#reserved?.release();
    this.#reserved = undefined;
    await this.#sql?.end({ timeout: CLOSE_SECONDS });
    this.#sql = undefined;
  }

  async #drop(): Promise<void> {
    const sql = this.#sql;
    this.#sql = undefined;
    this.#reserved = undefined;
    await sql?.end({ timeout: 0 });
  }
}
