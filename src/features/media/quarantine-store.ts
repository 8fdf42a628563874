import { statement } from '#platform/storage/index.ts';
import type { Reader, Statement } from '#platform/storage/ports.ts';
import type { UserId } from '#protocol/identifiers/index.ts';

/** Something was quarantined, or no longer is. */
export interface QuarantineChange {
  /** In the order in which they happened. */
  readonly changeId: number;
  /** The server it came from; `undefined` for this one. */
  readonly origin: string | undefined;
  readonly mediaId: string;
  readonly quarantined: boolean;
}

interface ChangeRow {
  change_id: number;
  origin: string | null;
  media_id: string;
  is_quarantined: number;
}

const HASH_OF = '(select sha256 from media where media_id = ?)';
const AFFECTED = 'is_protected = 0 and quarantined_by is null returning media_id';

const quarantineHash = statement(
  'insert into media_quarantined_hashes (sha256, quarantined_by, created_ts) ' +
    'select sha256, cast(? as text), cast(? as bigint) from media where media_id = ? and is_protected = 0 and sha256 is not null ' +
    'on conflict (sha256) do nothing',
);
const quarantineOne = statement<{ media_id: string }>(
  `update media set quarantined_by = ? where media_id = ? and ${AFFECTED}`,
);
const quarantineAlike = statement<{ media_id: string }>(
  `update media set quarantined_by = ? where sha256 = ${HASH_OF} ` +
    `and sha256 in (select sha256 from media_quarantined_hashes) and ${AFFECTED}`,
);
const releaseHash = statement(`delete from media_quarantined_hashes where sha256 = ${HASH_OF}`);
const release = statement<{ media_id: string }>(
  `update media set quarantined_by = null where (media_id = ? or sha256 = ${HASH_OF}) and quarantined_by is not null ` +
    'returning media_id',
);
const recordChange = statement(
  'insert into media_quarantine_changes (change_id, origin, media_id, is_quarantined, created_ts) ' +
    'select cast(? as bigint), null, media_id, cast(? as smallint), cast(? as bigint) from media where media_id = ? and is_protected = 0',
);
const changesAfter = statement<ChangeRow>(
  'select change_id, origin, media_id, is_quarantined from media_quarantine_changes where change_id > ? order by change_id limit ?',
);
const protect = statement<{ media_id: string }>(
  'update media set is_protected = ? where media_id = ? returning media_id',
);
const quarantinable = statement<{ media_id: string }>(
  'select media_id from media where user_id = ? and quarantined_by is null and is_protected = 0',
);
const hash = statement<{ sha256: string }>('select sha256 from media_quarantined_hashes where sha256 = ?');

export class QuarantineStore {
  constructor(private readonly reader: Reader) {}

  /** Of the user's media, those that a quarantine would change. */
  async quarantinableOf(userId: UserId): Promise<string[]> {
    return (await this.reader.all(quarantinable(userId))).map((row) => row.media_id);
  }

  async isHashQuarantined(sha256: string): Promise<boolean> {
    return (await this.reader.first(hash(sha256))) !== undefined;
  }

  async changesAfter(changeId: number, limit: number): Promise<QuarantineChange[]> {
    return (await this.reader.all(changesAfter(changeId, limit))).map((row) => ({
      changeId: row.change_id,
      origin: row.origin ?? undefined,
      mediaId: row.media_id,
      quarantined: row.is_quarantined === 1,
    }));
  }

  /** Quarantines media and their hash, protected media aside; each of the last two returns the media ids it changed. */
  quarantine(changeId: number, mediaId: string, by: UserId, nowMs: number) {
    return {
      change: recordChange(changeId, 1, nowMs, mediaId),
      hash: quarantineHash(by, nowMs, mediaId),
      one: quarantineOne(by, mediaId),
      alike: quarantineAlike(by, mediaId),
    };
  }

  /** Undoes `quarantine`, for everything with the same hash. */
  release(changeId: number, mediaId: string, nowMs: number) {
    return {
      change: recordChange(changeId, 0, nowMs, mediaId),
      hash: releaseHash(mediaId),
      media: release(mediaId, mediaId),
    };
  }

  protect(mediaId: string, isProtected: boolean): Statement<{ media_id: string }> {
    return protect(isProtected ? 1 : 0, mediaId);
  }
}
