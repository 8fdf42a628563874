import { statement } from '#platform/storage/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import { EVENT_COLUMNS, type EventRow, type EventStore, type StoredEvent } from '#rooms/index.ts';

const SELECT = `select ${EVENT_COLUMNS} from events where room_nid = ? and position is not null and status = 0`;
const after = statement<EventRow>(`${SELECT} and origin_server_ts >= ? order by origin_server_ts, depth, position limit ?`);
const before = statement<EventRow>(`${SELECT} and origin_server_ts <= ? order by origin_server_ts desc, depth desc, position desc limit ?`);

/** Events by the time their senders claim. There is no index for this rare question: it is asked off the event loop. */
export class EventTimeStore {
  constructor(
    private readonly reader: Reader,
    private readonly events: EventStore,
  ) {}

  async nearest(roomNid: number, timestamp: number, direction: 'b' | 'f', limit: number): Promise<StoredEvent[]> {
    const query = direction === 'f' ? after : before;
    return this.events.fromRows(await this.reader.allHeavy(query(roomNid, timestamp, limit)));
  }
}
