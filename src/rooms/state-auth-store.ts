import { statement } from '#platform/storage/index.ts';
import type { Reader, Statement } from '#platform/storage/ports.ts';
import { MAX_AUTH_EVENTS, referencedIds } from '#protocol/events/index.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import type { AuthNode } from '#protocol/state-resolution/index.ts';
import { authEventsIn } from './pdu-rest.ts';
import { EventStatus } from './tables.ts';

/** A state event as state resolution walks over it. */
export interface StoredAuthNode extends AuthNode {
  readonly nid: number;
  readonly eventId: EventId;
  readonly isRejected: boolean;
}

/** A state event that names another in its auth events. */
export interface CitingRow {
  readonly event_nid: number;
  readonly event_id: EventId;
  readonly type: string;
  readonly state_key: string;
}

interface NodeRow {
  event_nid: number;
  event_id: EventId;
  type: string;
  state_key: string | null;
  auth_rank: number | null;
  status: number;
  rest: string;
}

/** Ids in one look-up; asked in sizes of powers of two, so that few texts are prepared. */
const CHUNK = 256;
export const CITING_PAGE = 64;

const citing = statement<CitingRow>(
  'select e.event_nid, e.event_id, e.type, e.state_key from state_auth_edges a join events e on e.event_nid = a.event_nid ' +
    `where a.auth_nid = ? and a.event_nid < ? and e.status <> ${EventStatus.rejected} and e.state_key is not null ` +
    'order by a.event_nid desc limit ?',
);
/** One text for each number of auth events, from 0 on. */
const insertEdges = Array.from({ length: MAX_AUTH_EVENTS + 1 }, (_, count) =>
  statement(
    `insert into state_auth_edges (auth_nid, event_nid) values ${Array.from({ length: count }, () => '(?, ?)').join(', ')}`,
  ),
);

/** The auth graph of state events, in both directions. */
export class StateAuthStore {
  constructor(private readonly reader: Reader) {}

  /** Those of the events that are known, without their content. */
  async nodes(eventIds: readonly EventId[]): Promise<StoredAuthNode[]> {
    const nodes: StoredAuthNode[] = [];
    for (let at = 0; at < eventIds.length; at += CHUNK) {
      const part = eventIds.slice(at, at + CHUNK);
      const size = 2 ** Math.ceil(Math.log2(part.length));
      const padded = Array.from({ length: size }, (_, index) => part[index] ?? part[0]!);
      const sql = `select event_nid, event_id, type, state_key, auth_rank, status, rest from events where event_id in (${padded.map(() => '?').join(', ')})`;
      for (const row of await this.reader.all<NodeRow>({ sql, parameters: padded })) nodes.push(toNode(row));
    }
    return nodes;
  }

  /** The newest state events, not rejected, that name the event and are older than `before`; `CITING_PAGE` at most. */
  citing(authNid: number, before: number): Promise<CitingRow[]> {
    return this.reader.all(citing(authNid, before, CITING_PAGE));
  }

  /** The edges of a new state event; `undefined` if it names none. */
  insert(eventNid: number, authNids: readonly number[]): Statement | undefined {
    const distinct = [...new Set(authNids)];
    if (distinct.length === 0) return undefined;
    return insertEdges[distinct.length]?.(...distinct.flatMap((authNid) => [authNid, eventNid]));
  }
}

function toNode(row: NodeRow): StoredAuthNode {
  return {
    nid: row.event_nid,
    eventId: row.event_id,
    type: row.type,
    stateKey: row.state_key ?? undefined,
    authEventIds: referencedIds(authEventsIn(row.rest)),
    authRank: row.auth_rank ?? 0,
    isRejected: row.status === EventStatus.rejected,
  };
}
