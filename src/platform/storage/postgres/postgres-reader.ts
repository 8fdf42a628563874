import postgres, { type Sql } from 'postgres';
import type { Query, Reader } from '../ports.ts';
import { type ReadStatement, toReadStatement } from '../values.ts';
import { connectionOptions, type PostgresConfig } from './connection-options.ts';
import { TextMap } from './placeholders.ts';
import { messageOf } from './postgres-errors.ts';
import { sendText } from './send-text.ts';

const POINT_CONNECTIONS = 10;
const HEAVY_CONNECTIONS = 2;
const CLOSE_SECONDS = 5;

/** The connection was lost, or the server is restarting: reading again is safe. */
const LOST = new Set(['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'ECONNRESET', 'EPIPE', '57P01', '57P02', '57P03']);

/** Reads over pools of connections; heavy reads over their own, so that point reads never wait for them. */
export class PostgresReader implements Reader {
  readonly dialect = 'postgres';
  readonly #texts = new TextMap();
  readonly #point: Sql;
  readonly #heavy: Sql;
  #closed = false;

  constructor(config: PostgresConfig) {
    const options = connectionOptions(config);
    this.#point = postgres({ ...options, max: Math.max(1, config.cp_max ?? POINT_CONNECTIONS) });
    this.#heavy = postgres({ ...options, max: HEAVY_CONNECTIONS });
  }

  all<Row>(query: Query<Row>): Promise<Row[]> {
    return this.#read(this.#point, query);
  }

  async first<Row>(query: Query<Row>): Promise<Row | undefined> {
    return (await this.#read(this.#point, query))[0];
  }

  allHeavy<Row>(query: Query<Row>): Promise<Row[]> {
    return this.#read(this.#heavy, query);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#point.end({ timeout: CLOSE_SECONDS }), this.#heavy.end({ timeout: CLOSE_SECONDS })]);
  }

  async #read<Row>(sql: Sql, query: Query<Row>): Promise<Row[]> {
    const statement = toReadStatement(query);
    if (this.#closed) throw new Error('the storage is closed');
    try {
      return await this.#run(sql, statement);
    } catch (error) {
      if (!LOST.has((error as { code?: string }).code ?? '') || this.#closed) {
        throw new Error(`PostgreSQL: ${messageOf(error)}, in: ${statement.sql}`, { cause: error });
      }
      return this.#run(sql, statement);
    }
  }

  async #run<Row>(sql: Sql, statement: ReadStatement): Promise<Row[]> {
    const rows = await sendText(sql, this.#texts.get(statement.sql), statement.parameters);
    return [...rows] as Row[];
  }
}
