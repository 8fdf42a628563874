import { type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { PushAction } from '#protocol/push-rules/index.ts';
import type { AudienceContent, Individual } from './audience.ts';
import type { AudienceRow, NotifiedEventRow, NotifiedUserRow } from './tables.ts';

/** An event that notifies, where it stands. */
export interface NotifyingEvent {
  readonly roomNid: number;
  readonly position: number;
  readonly nid: number;
  readonly sender: UserId;
  readonly thread: string;
}

/** Something that notified a user, with what is needed to list it. */
export interface ListedRow {
  readonly position: number;
  readonly event_nid: number;
  readonly room_nid: number;
  readonly thread: string;
}

const insertAudience = statement(
  'insert into notified_audiences (audience_nid, room_nid, hash, content) values (?, ?, ?, ?)',
);
const insertEvent = statement(
  'insert into notified_events (room_nid, position, event_nid, sender, thread, audience_nid, highlight) ' +
    'values (?, ?, ?, ?, ?, ?, ?)',
);
const insertUser = statement(
  'insert into notified_users (user_id, room_nid, position, event_nid, thread, audience_nid, highlight, actions) ' +
    'values (?, ?, ?, ?, ?, ?, ?, ?)',
);
const deleteEvent = statement('delete from notified_events where room_nid = ? and position = ?');
const deleteUsers = statement('delete from notified_users where room_nid = ? and position = ?');
const audienceByHash = statement<Pick<AudienceRow, 'audience_nid'>>(
  'select audience_nid from notified_audiences where room_nid = ? and hash = ? limit 1',
);
const audienceByNid = statement<Pick<AudienceRow, 'content'>>(
  'select content from notified_audiences where audience_nid = ?',
);
const localNames = statement<{ user_id: string; display_name: string | null }>(
  "select user_id, display_name from memberships where room_nid = ? and membership = 'join' and is_local = 1",
);
const EVENTS = 'from notified_events where room_nid = ? and position > ? and position < ? and sender <> ?';
const audiencesHeard = statement<Pick<NotifiedEventRow, 'audience_nid'>>(
  `select audience_nid ${EVENTS} group by audience_nid`,
);
const audiencesHighlighted = statement<Pick<NotifiedEventRow, 'audience_nid'>>(
  `select audience_nid ${EVENTS} and highlight = 1 group by audience_nid`,
);
const USERS =
  'select user_id, room_nid, position, event_nid, thread, audience_nid, highlight, actions from notified_users ' +
  'where user_id = ? and position < ?';
const ofUser = statement<NotifiedUserRow>(`${USERS} order by position desc limit ?`);
const highlightsOfUser = statement<NotifiedUserRow>(`${USERS} and highlight = 1 order by position desc limit ?`);
const deleteOfUser = statement('delete from notified_users where user_id = ?');

/** Whom events notified. */
export class NotificationStore {
  constructor(private readonly reader: Reader) {}

  async findAudience(roomNid: number, hash: string): Promise<number | undefined> {
    return (await this.reader.first(audienceByHash(roomNid, hash)))?.audience_nid;
  }

  async audience(nid: number): Promise<AudienceContent> {
    const row = await this.reader.first(audienceByNid(nid));
    if (row === undefined) throw new Error(`audience ${nid} has no row`);
    return JSON.parse(row.content) as AudienceContent;
  }

  /** This server's users who are joined to a room, with their display names there. */
  async localNames(roomNid: number): Promise<Map<UserId, string>> {
    const names = new Map<UserId, string>();
    for (const row of await this.reader.all(localNames(roomNid))) {
      if (row.display_name !== null) names.set(row.user_id as UserId, row.display_name);
    }
    return names;
  }

  /** The audiences of events between two positions, both exclusive, that others than `sender` sent. May take long. */
  async audiencesBetween(
    roomNid: number,
    after: number,
    before: number,
    sender: UserId,
    highlightsOnly: boolean,
  ): Promise<number[]> {
    const query = highlightsOnly ? audiencesHighlighted : audiencesHeard;
    const rows = await this.reader.allHeavy(query(roomNid, after, before, sender));
    return rows.map((row) => row.audience_nid);
  }

  /** The newest events of some audiences. May take long. */
  async newestOf(
    roomNid: number,
    range: { readonly after: number; readonly before: number },
    sender: UserId,
    audienceNids: readonly number[],
    limit: number,
  ): Promise<(ListedRow & Pick<NotifiedEventRow, 'audience_nid'>)[]> {
    const list = audienceNids.map(() => '?').join(', ');
    return this.reader.allHeavy({
      sql:
        `select position, event_nid, room_nid, thread, audience_nid ${EVENTS} and audience_nid in (${list}) ` +
        'order by position desc limit ?',
      parameters: [roomNid, range.after, range.before, sender, ...audienceNids, limit],
    });
  }

  /** What notified a user for a reason of their own, newest first. */
  ofUser(userId: UserId, before: number, limit: number, highlightsOnly: boolean): Promise<NotifiedUserRow[]> {
    return this.reader.all((highlightsOnly ? highlightsOfUser : ofUser)(userId, before, limit));
  }

  addAudience(nid: number, roomNid: number, hash: string, content: AudienceContent): Statement {
    return insertAudience(nid, roomNid, hash, JSON.stringify(content));
  }

  addEvent(
    { roomNid, position, nid, sender, thread }: NotifyingEvent,
    audienceNid: number,
    highlight: boolean,
  ): Statement {
    return insertEvent(roomNid, position, nid, sender, thread, audienceNid, Number(highlight));
  }

  addUser(event: NotifyingEvent, audienceNid: number | undefined, { userId, notice }: Individual): Statement {
    const { roomNid, position, nid, thread } = event;
    const actions = JSON.stringify(notice.actions satisfies readonly PushAction[]);
    return insertUser(userId, roomNid, position, nid, thread, audienceNid ?? null, Number(notice.highlight), actions);
  }

  /** When the event has been redacted. */
  removeEvent(roomNid: number, position: number): Statement[] {
    return [deleteEvent(roomNid, position), deleteUsers(roomNid, position)];
  }

  removeUser(userId: UserId): Statement {
    return deleteOfUser(userId);
  }
}
