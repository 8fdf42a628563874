import { bytewise, statement } from '#platform/storage/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { type LocalMedia, toLocalMedia } from './media-store.ts';
import type { MediaTables } from './tables.ts';

type Row = MediaTables['media'];

/** What a list of media can be ordered by, and the column it is. */
const ORDER = {
  mediaId: { column: 'media_id', isText: true },
  uploadName: { column: 'upload_name', isText: true },
  createdMs: { column: 'created_ts', isText: false },
  lastAccessMs: { column: 'last_access_ts', isText: false },
  sizeBytes: { column: 'size', isText: false },
  type: { column: 'type', isText: true },
  quarantinedBy: { column: 'quarantined_by', isText: true },
  isProtected: { column: 'is_protected', isText: false },
} as const;

export interface MediaListRequest {
  readonly userId: UserId;
  readonly offset: number;
  readonly limit: number;
  readonly orderBy: keyof typeof ORDER;
  readonly direction: 'ascending' | 'descending';
}

/** Media that nobody has asked for since `beforeMs`, larger than `largerThanBytes`. */
export interface OldMediaRequest {
  readonly beforeMs: number;
  readonly largerThanBytes: number;
}

const countOfUser = statement<{ count: number }>('select count(*) as count from media where user_id = ?');
const old = statement<{ media_id: string }>(
  "select media_id from media where state = 'ready' and last_access_ts < ? and size > ? and media_id > ? " +
    'and quarantined_by is null and is_protected = 0 order by media_id limit ?',
);

/** Lists of media, for administrators and for retention. */
export class MediaListStore {
  constructor(private readonly reader: Reader) {}

  /** A page of what the user has uploaded or reserved, and how much there is in all. */
  async ofUser(request: MediaListRequest): Promise<{ readonly media: readonly LocalMedia[]; readonly total: number }> {
    const { userId, offset, limit, orderBy, direction } = request;
    const { column, isText } = ORDER[orderBy];
    const by = isText ? bytewise(this.reader.dialect, column) : column;
    const rows = await this.reader.allHeavy<Row>({
      // Engines disagree on where null stands.
      sql:
        `select * from media where user_id = ? order by case when ${column} is null then 0 else 1 end ${DIRECTION[direction]}, ` +
        `${by} ${DIRECTION[direction]}, ${bytewise(this.reader.dialect, 'media_id')} limit ? offset ?`,
      parameters: [userId, limit, offset],
    });
    const total = Number((await this.reader.first(countOfUser(userId)))?.count ?? 0);
    return { media: rows.map(toLocalMedia), total };
  }

  /** Media ids, ascending, after `afterMediaId`; neither what is quarantined nor what is protected. */
  async old({ beforeMs, largerThanBytes }: OldMediaRequest, afterMediaId: string, limit: number): Promise<string[]> {
    const rows = await this.reader.allHeavy(old(beforeMs, largerThanBytes, afterMediaId, limit));
    return rows.map((row) => row.media_id);
  }
}

const DIRECTION = { ascending: 'asc', descending: 'desc' } as const;
