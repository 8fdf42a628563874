import { type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { HierarchyParameters, Walk } from './hierarchy.ts';

/** A walk that was left at the end of a page, with what it was asked for. */
export interface HierarchySession extends HierarchyParameters {
  readonly walk: Walk;
}

interface Row {
  readonly user_id: string;
  readonly room_id: string;
  readonly is_suggested_only: number;
  readonly max_depth: number;
  readonly walk: string;
}

const byToken = statement<Row>(
  'select user_id, room_id, is_suggested_only, max_depth, walk from hierarchy_sessions where token = ? and expires_ts > ?',
);
const insert = statement(
  'insert into hierarchy_sessions (token, user_id, room_id, is_suggested_only, max_depth, walk, expires_ts) ' +
    'values (?, ?, ?, ?, ?, ?, ?)',
);
const removeExpired = statement('delete from hierarchy_sessions where expires_ts <= ?');

export class HierarchySessionStore {
  constructor(private readonly reader: Reader) {}

  async find(token: string, now: number): Promise<HierarchySession | undefined> {
    const row = await this.reader.first(byToken(token, now));
    if (row === undefined) return undefined;
    return {
      userId: row.user_id as UserId,
      roomId: row.room_id as RoomId,
      isSuggestedOnly: row.is_suggested_only === 1,
      maxDepth: row.max_depth,
      walk: JSON.parse(row.walk) as Walk,
    };
  }

  insert(token: string, session: HierarchySession, expiresTs: number): Statement {
    const { userId, roomId, isSuggestedOnly, maxDepth, walk } = session;
    return insert(token, userId, roomId, isSuggestedOnly ? 1 : 0, maxDepth, JSON.stringify(walk), expiresTs);
  }

  removeExpired(now: number): Statement {
    return removeExpired(now);
  }
}
