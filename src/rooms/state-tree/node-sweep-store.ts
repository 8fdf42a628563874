import { statement } from '#platform/storage/index.ts';
import type { Reader, Statement } from '#platform/storage/ports.ts';
import { rootFromBytes, rootToBytes, type StateRoot } from './node.ts';

interface RootsRow {
  event_nid: number;
  position: number | null;
  state_before: Uint8Array | null;
  state_after: Uint8Array | null;
}

const PAGE = 500;
const COLUMNS = 'event_nid, position, state_before, state_after';
const placed = statement<RootsRow>(
  `select ${COLUMNS} from events where room_nid = ? and position > ? order by position limit ${PAGE}`,
);
const unplaced = statement<RootsRow>(
  `select ${COLUMNS} from events where room_nid = ? and position is null and event_nid > ? order by event_nid limit ${PAGE}`,
);
const current = statement<{ current_root: Uint8Array | null }>('select current_root from rooms where room_nid = ?');
const hashes = statement<{ hash: Uint8Array }>(
  `select hash from state_nodes where room_nid = ? and hash > ? order by hash limit ${PAGE}`,
);
/** Changes nothing: what has been committed before it is readable after it. */
const fence = statement('update rooms set room_nid = room_nid where room_nid = ?');

/** What looking for unused nodes of a room's state trees reads and deletes, a page at a time. */
export class NodeSweepStore {
  constructor(private readonly reader: Reader) {}

  /** The roots that the room and its events name. */
  async *roots(roomNid: number): AsyncGenerator<StateRoot[]> {
    const now = await this.reader.first(current(roomNid));
    if (now?.current_root) yield [rootFromBytes(now.current_root)];
    for (let after = Number.MIN_SAFE_INTEGER; ; ) {
      const rows = await this.reader.all(placed(roomNid, after));
      yield rootsOf(rows);
      if (rows.length < PAGE) break;
      after = rows.at(-1)!.position!;
    }
    for (let after = 0; ; ) {
      const rows = await this.reader.all(unplaced(roomNid, after));
      yield rootsOf(rows);
      if (rows.length < PAGE) break;
      after = rows.at(-1)!.event_nid;
    }
  }

  /** The nodes at these addresses, as far as they are stored. */
  async bodies(roomNid: number, roots: readonly StateRoot[]): Promise<Uint8Array[]> {
    if (roots.length === 0) return [];
    const sql = `select body from state_nodes where room_nid = ? and hash in (${roots.map(() => '?').join(', ')})`;
    const rows = await this.reader.all<{ body: Uint8Array }>({ sql, parameters: [roomNid, ...roots.map(rootToBytes)] });
    return rows.map(({ body }) => body);
  }

  /** Every stored address, in order. */
  async *addresses(roomNid: number): AsyncGenerator<StateRoot[]> {
    for (let after: Uint8Array = new Uint8Array(0); ; ) {
      const rows = await this.reader.all(hashes(roomNid, after));
      yield rows.map(({ hash }) => rootFromBytes(hash));
      if (rows.length < PAGE) return;
      after = rows.at(-1)!.hash;
    }
  }

  delete(roomNid: number, roots: readonly StateRoot[]): Statement {
    const sql = `delete from state_nodes where room_nid = ? and hash in (${roots.map(() => '?').join(', ')})`;
    return { sql, parameters: [roomNid, ...roots.map(rootToBytes)] };
  }

  fence(roomNid: number): Statement {
    return fence(roomNid);
  }
}

function rootsOf(rows: readonly RootsRow[]): StateRoot[] {
  return rows
    .flatMap((row) => [row.state_before, row.state_after])
    .filter((bytes) => bytes !== null)
    .map(rootFromBytes);
}
