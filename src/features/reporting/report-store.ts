import { escapeLike, type Reader, type SqlValue, type Statement, statement } from '#platform/storage/index.ts';
import type { EventId, RoomId, UserId } from '#protocol/identifiers/index.ts';

export type ReportKind = 'event' | 'room' | 'user';

/** What somebody complained of. */
export interface Report {
  readonly id: number;
  readonly kind: ReportKind;
  readonly receivedTs: number;
  readonly reporter: UserId;
  /** Of reports of events and rooms. */
  readonly roomId: RoomId | undefined;
  readonly eventId: EventId | undefined;
  /** The user reported, or the sender of the event. */
  readonly targetUserId: UserId | undefined;
  readonly reason: string | undefined;
  /** From -100, most offensive, to 0, as older clients give it. */
  readonly score: number | undefined;
}

export interface ReportQuery {
  readonly kind: ReportKind;
  /** Newest first or oldest first. */
  readonly newestFirst: boolean;
  readonly offset: number;
  readonly limit: number;
  /** Only ids that contain the texts. */
  readonly reporter?: string | undefined;
  readonly roomId?: string | undefined;
  readonly targetUserId?: string | undefined;
}

interface Row {
  readonly report_id: number;
  readonly kind: string;
  readonly received_ts: number;
  readonly reporter: string;
  readonly room_id: string | null;
  readonly event_id: string | null;
  readonly target_user_id: string | null;
  readonly reason: string | null;
  readonly score: number | null;
}

const COLUMNS = 'report_id, kind, received_ts, reporter, room_id, event_id, target_user_id, reason, score';
const insert = statement(`insert into reports (${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
const one = statement<Row>(`select ${COLUMNS} from reports where report_id = ? and kind = ?`);
const remove = statement<{ report_id: number }>(
  'delete from reports where report_id = ? and kind = ? returning report_id',
);

/** Reports for the server's administrators. */
export class ReportStore {
  constructor(private readonly reader: Reader) {}

  insert(report: Report): Statement {
    const { id, kind, receivedTs, reporter, roomId, eventId, targetUserId, reason, score } = report;
    return insert(
      id,
      kind,
      receivedTs,
      reporter,
      roomId ?? null,
      eventId ?? null,
      targetUserId ?? null,
      reason ?? null,
      score ?? null,
    );
  }

  async find(kind: ReportKind, id: number): Promise<Report | undefined> {
    const row = await this.reader.first(one(id, kind));
    return row === undefined ? undefined : toReport(row);
  }

  async list(query: ReportQuery): Promise<Report[]> {
    const { where, parameters } = conditions(query);
    const rows = await this.reader.allHeavy<Row>({
      sql: `select ${COLUMNS} from reports where ${where} order by report_id ${query.newestFirst ? 'desc' : 'asc'} limit ? offset ?`,
      parameters: [...parameters, query.limit, query.offset],
    });
    return rows.map(toReport);
  }

  async count(query: ReportQuery): Promise<number> {
    const { where, parameters } = conditions(query);
    const sql = `select count(*) as count from reports where ${where}`;
    return Number((await this.reader.first<{ count: number }>({ sql, parameters }))?.count ?? 0);
  }

  /** Returns a row where there was such a report. */
  remove(kind: ReportKind, id: number): Statement<{ report_id: number }> {
    return remove(id, kind);
  }
}

function conditions({ kind, reporter, roomId, targetUserId }: ReportQuery): { where: string; parameters: SqlValue[] } {
  const parts = ['kind = ?'];
  const parameters: SqlValue[] = [kind];
  for (const [column, part] of [
    ['reporter', reporter],
    ['room_id', roomId],
    ['target_user_id', targetUserId],
  ] as const) {
    if (part === undefined) continue;
    parts.push(`${column} like ? escape '\\'`);
    parameters.push(`%${escapeLike(part)}%`);
  }
  return { where: parts.join(' and '), parameters };
}

function toReport(row: Row): Report {
  return {
    id: row.report_id,
    kind: row.kind as ReportKind,
    receivedTs: row.received_ts,
    reporter: row.reporter as UserId,
    roomId: (row.room_id as RoomId | null) ?? undefined,
    eventId: (row.event_id as EventId | null) ?? undefined,
    targetUserId: (row.target_user_id as UserId | null) ?? undefined,
    reason: row.reason ?? undefined,
    score: row.score ?? undefined,
  };
}
