import { inTexts, listParameter, statement } from '#platform/storage/index.ts';
import type { Reader, Statement } from '#platform/storage/ports.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { MediaContent } from './media-content.ts';
import type { MediaTables } from './tables.ts';

type Row = MediaTables['media'];

/** Media of this server, or a media id reserved for them. */
export interface LocalMedia {
  readonly mediaId: string;
  readonly fileId: string;
  readonly userId: UserId;
  /** `undefined` while nothing has been uploaded. */
  readonly content: MediaContent | undefined;
  readonly createdMs: number;
  readonly expiresMs: number | undefined;
  readonly lastAccessMs: number;
  readonly authenticated: boolean;
  readonly quarantinedBy: string | undefined;
  readonly isProtected: boolean;
}

/** What an upload adds to a media id. */
export interface UploadedContent {
  readonly type: string;
  readonly sizeBytes: number;
  readonly uploadName: string | undefined;
  readonly sha256: string;
}

const COLUMNS =
  'media_id, file_id, user_id, state, type, size, upload_name, sha256, created_ts, expires_ts, last_access_ts, ' +
  'authenticated, quarantined_by, is_protected';
/** In the statement itself, so that an upload and the quarantining of its hash cannot miss each other. */
const QUARANTINED = "(select 'system' from media_quarantined_hashes q where q.sha256 = ?)";

const byId = statement<Row>(`select ${COLUMNS} from media where media_id = ?`);
const insertReady = statement(
  `insert into media (${COLUMNS}) values (?, ?, ?, 'ready', ?, ?, ?, ?, ?, null, ?, ?, ${QUARANTINED}, 0)`,
);
const insertPending = statement(
  'insert into media (media_id, file_id, user_id, state, created_ts, expires_ts, last_access_ts, authenticated) ' +
    "select cast(? as text), cast(? as text), cast(? as text), 'pending', cast(? as bigint), cast(? as bigint), " +
    'cast(? as bigint), cast(? as smallint) ' +
    "where (select count(*) from media where user_id = ? and state = 'pending' and expires_ts > ?) < ?",
);
const firstExpiry = statement<{ expires_ts: number | null }>(
  "select min(expires_ts) as expires_ts from media where user_id = ? and state = 'pending' and expires_ts > ?",
);
const fulfil = statement(
  `update media set state = 'ready', file_id = ?, type = ?, size = ?, upload_name = ?, sha256 = ?, expires_ts = null, ` +
    `last_access_ts = ?, quarantined_by = coalesce(quarantined_by, ${QUARANTINED}) ` +
    "where media_id = ? and user_id = ? and state = 'pending' and expires_ts > ?",
);
const uploadedSince = statement<{ total: number | null }>(
  'select sum(size) as total from media where user_id = ? and created_ts > ?',
);
const remove = statement('delete from media where media_id = ?');
const removeExpired = statement("delete from media where state = 'pending' and expires_ts <= ?");

/** The rows of this server's media. */
export class MediaStore {
  constructor(private readonly reader: Reader) {}

  async find(mediaId: string): Promise<LocalMedia | undefined> {
    const row = await this.reader.first(byId(mediaId));
    return row === undefined ? undefined : toLocalMedia(row);
  }

  /** Bytes that the user has uploaded since then. */
  async uploadedBytesSince(userId: UserId, sinceMs: number): Promise<number> {
    return Number((await this.reader.first(uploadedSince(userId, sinceMs)))?.total ?? 0);
  }

  /** When the first of the user's reserved ids lapses. */
  async firstPendingExpiry(userId: UserId, nowMs: number): Promise<number | undefined> {
    return (await this.reader.first(firstExpiry(userId, nowMs)))?.expires_ts ?? undefined;
  }

  insert(
    media: Pick<LocalMedia, 'mediaId' | 'fileId' | 'userId' | 'createdMs' | 'authenticated'>,
    content: UploadedContent,
  ): Statement {
    const { mediaId, fileId, userId, createdMs, authenticated } = media;
    const { type, sizeBytes, uploadName, sha256 } = content;
    return insertReady(
      mediaId,
      fileId,
      userId,
      type,
      sizeBytes,
      uploadName ?? null,
      sha256,
      createdMs,
      createdMs,
      authenticated ? 1 : 0,
      sha256,
    );
  }

  /** Changes one row, or none when the user has `maxPending` reserved ids already. */
  reserve(
    media: Pick<LocalMedia, 'mediaId' | 'fileId' | 'userId' | 'createdMs' | 'authenticated'> & {
      readonly expiresMs: number;
    },
    maxPending: number,
  ): Statement {
    const { mediaId, fileId, userId, createdMs, expiresMs, authenticated } = media;
    return insertPending(
      mediaId,
      fileId,
      userId,
      createdMs,
      expiresMs,
      createdMs,
      authenticated ? 1 : 0,
      userId,
      createdMs,
      maxPending,
    );
  }

  /** Changes one row, or none when the id is no longer this user's to upload to. */
  fulfil(mediaId: string, userId: UserId, fileId: string, content: UploadedContent, nowMs: number): Statement {
    const { type, sizeBytes, uploadName, sha256 } = content;
    return fulfil(fileId, type, sizeBytes, uploadName ?? null, sha256, nowMs, sha256, mediaId, userId, nowMs);
  }

  remove(mediaId: string): Statement {
    return remove(mediaId);
  }

  /** Media ids that were reserved and never used. */
  removeExpired(nowMs: number): Statement {
    return removeExpired(nowMs);
  }

  touch(mediaIds: readonly string[], nowMs: number): Statement {
    return {
      sql: `update media set last_access_ts = ? where ${inTexts(this.reader.dialect, 'media_id')}`,
      parameters: [nowMs, listParameter(mediaIds)],
    };
  }
}

export function toLocalMedia(row: Row): LocalMedia {
  return {
    mediaId: row.media_id,
    fileId: row.file_id,
    userId: row.user_id as UserId,
    content: toContent(row),
    createdMs: row.created_ts,
    expiresMs: row.expires_ts ?? undefined,
    lastAccessMs: row.last_access_ts,
    authenticated: row.authenticated === 1,
    quarantinedBy: row.quarantined_by ?? undefined,
    isProtected: row.is_protected === 1,
  };
}

function toContent({ state, file_id, type, size, upload_name, sha256 }: Row): MediaContent | undefined {
  if (state !== 'ready' || type === null || size === null || sha256 === null) return undefined;
  return { area: 'local', fileId: file_id, type, sizeBytes: size, uploadName: upload_name ?? undefined, sha256 };
}
