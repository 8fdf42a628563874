import { statement } from '#platform/storage/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import { EVENT_COLUMNS, type EventRow, type EventStore, type StoredEvent } from '#rooms/index.ts';

/** A place among a room's events by time; those of one time stand in the order of the timeline. */
export interface TimePlace {
  readonly timestamp: number;
  readonly depth: number;
  readonly position: number;
}

const SELECT =
  `select ${EVENT_COLUMNS} from events where room_nid = ? and position is not null and position <= ? and status = 0 ` +
  'and (origin_server_ts, depth, position)';
const after = statement<EventRow>(`${SELECT} > (?, ?, ?) order by origin_server_ts, depth, position limit ?`);
const before = statement<EventRow>(
  `${SELECT} < (?, ?, ?) order by origin_server_ts desc, depth desc, position desc limit ?`,
);

/** Events by the time their senders claim. There is no index for this rare question: it is asked off the event loop. */
export class EventTimeStore {
  constructor(
    private readonly reader: Reader,
    private readonly events: EventStore,
  ) {}

  /** The events nearest to a place, of those received up to a stream position. */
  async nearest(
    roomNid: number,
    upTo: number,
    place: TimePlace,
    direction: 'b' | 'f',
    limit: number,
  ): Promise<StoredEvent[]> {
    const query = direction === 'f' ? after : before;
    const { timestamp, depth, position } = place;
    return this.events.fromRows(await this.reader.allHeavy(query(roomNid, upTo, timestamp, depth, position, limit)));
  }
}
