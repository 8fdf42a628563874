import { statement } from '#platform/storage/index.ts';
import type { Reader, Statement } from '#platform/storage/ports.ts';
import type { MediaArea } from './media-content.ts';
import type { MediaTables } from './tables.ts';
import type { ThumbnailMethod, ThumbnailTarget } from './thumbnail-size.ts';

type Row = MediaTables['media_thumbnails'];

/** A thumbnail that has been made. */
export interface StoredThumbnail {
  readonly target: ThumbnailTarget;
  readonly type: string;
  readonly sizeBytes: number;
}

const COLUMNS = 'file_id, width, height, method, animated, type, size';
const one = statement<Row>(
  `select ${COLUMNS} from media_thumbnails where file_id = ? and width = ? and height = ? and method = ? and animated = ?`,
);
const ofFile = statement<Row>(`select ${COLUMNS} from media_thumbnails where file_id = ?`);
const VALUES =
  'cast(? as text), cast(? as bigint), cast(? as bigint), cast(? as text), cast(? as smallint), cast(? as text), cast(? as bigint)';
const UPSERT =
  'on conflict (file_id, width, height, method, animated) do update set type = excluded.type, size = excluded.size';
const upsertLocal = statement(
  `insert into media_thumbnails (${COLUMNS}) select ${VALUES} where exists (select 1 from media where file_id = ?) ${UPSERT}`,
);
const upsertRemote = statement(`insert into media_thumbnails (${COLUMNS}) values (${VALUES}) ${UPSERT}`);
const remove = statement<Row>(`delete from media_thumbnails where file_id = ? returning ${COLUMNS}`);

/** The rows of thumbnails, of local and of remote media. */
export class ThumbnailStore {
  constructor(private readonly reader: Reader) {}

  async find(
    fileId: string,
    { width, height, method, animated }: ThumbnailTarget,
  ): Promise<StoredThumbnail | undefined> {
    const row = await this.reader.first(one(fileId, width, height, method, animated ? 1 : 0));
    return row === undefined ? undefined : toThumbnail(row);
  }

  async ofFile(fileId: string): Promise<StoredThumbnail[]> {
    return (await this.reader.all(ofFile(fileId))).map(toThumbnail);
  }

  /** Changes one row, or none when local media have been deleted meanwhile. */
  upsert(area: MediaArea, fileId: string, { target, type, sizeBytes }: StoredThumbnail): Statement {
    const { width, height, method, animated } = target;
    const values = [fileId, width, height, method, animated ? 1 : 0, type, sizeBytes] as const;
    return area === 'local' ? upsertLocal(...values, fileId) : upsertRemote(...values);
  }

  /** Returns the rows that it removes: read them with `toThumbnail`. */
  removeOfFile(fileId: string): Statement<Row> {
    return remove(fileId);
  }
}

export function toThumbnail(row: Row): StoredThumbnail {
  const { width, height, method, animated, type, size } = row;
  return {
    target: { width, height, method: method as ThumbnailMethod, animated: animated === 1 },
    type,
    sizeBytes: size,
  };
}
