/** Counts what a server asks of its database, so that a test can say what an operation may cost on any machine. */
import type { GroupObservation, Query, Reader, SqlValue, Storage, Transactor } from '#platform/storage/index.ts';
import type { Onlooker } from '../contracts/composed-server.ts';

/** What was done between two moments. */
export interface Cost {
  /** Statements that read, and the rows that they gave. */
  readonly reads: number;
  readonly rows: number;
  readonly readTexts: readonly string[];
  readonly writes: number;
  /** Bytes of the parameters of writes. */
  readonly bytes: number;
  /** Groups of batches made durable: one fsync each. */
  readonly commits: number;
  /** JSON texts parsed, by anybody in this process. */
  readonly parsed: number;
}

export class CostCounter implements Onlooker {
  #readTexts: string[] = [];
  #rows = 0;
  #writes = 0;
  #bytes = 0;
  #commits = 0;

  readonly onGroup = (_group: GroupObservation): void => {
    this.#commits++;
  };

  readonly watch = (storage: Storage): Storage => ({
    ...storage,
    reader: this.#watchReader(storage.reader),
    transactor: this.#watchTransactor(storage.transactor),
  });

  /** What `task` costs. Only one at a time. */
  async of(task: () => Promise<unknown>): Promise<Cost> {
    this.#readTexts = [];
    this.#rows = this.#writes = this.#bytes = this.#commits = 0;
    let parsed = 0;
    const { parse } = JSON;
    JSON.parse = (...given) => {
      parsed++;
      return parse(...given);
    };
    try {
      await task();
    } finally {
      JSON.parse = parse;
    }
    const readTexts = this.#readTexts;
    return {
      reads: readTexts.length,
      rows: this.#rows,
      readTexts,
      writes: this.#writes,
      bytes: this.#bytes,
      commits: this.#commits,
      parsed,
    };
  }

  #watchReader(reader: Reader): Reader {
    const note = <Row>(query: Query<Row>): void => void this.#readTexts.push(textOf(query));
    const counted = <Row>(rows: Row[]): Row[] => {
      this.#rows += rows.length;
      return rows;
    };
    return {
      dialect: reader.dialect,
      async all(query) {
        note(query);
        return counted(await reader.all(query));
      },
      async allHeavy(query) {
        note(query);
        return counted(await reader.allHeavy(query));
      },
      async first(query) {
        note(query);
        const row = await reader.first(query);
        counted(row === undefined ? [] : [row]);
        return row;
      },
    };
  }

  #watchTransactor(transactor: Transactor): Transactor {
    return {
      commit: (build) =>
        transactor.commit((batch) =>
          build({
            add: (query, expectRows) => {
              this.#writes++;
              const { parameters } = 'compile' in query ? query.compile() : query;
              for (const value of parameters as readonly SqlValue[]) this.#bytes += sizeOf(value);
              return batch.add(query, expectRows);
            },
          }),
        ),
    };
  }
}

function textOf(query: Query<unknown>): string {
  return 'compile' in query ? query.compile().sql : query.sql;
}

function sizeOf(value: SqlValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.length;
  return value === null ? 0 : 8;
}
