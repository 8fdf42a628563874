import { inIntegers, listParameter } from '#platform/storage/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import { EVENT_COLUMNS, type EventRow, type EventStore, type StoredEvent } from '#rooms/index.ts';

/** Events of many rooms in the order in which they were received. */
export class NewEventsStore {
  constructor(
    private readonly reader: Reader,
    private readonly events: EventStore,
  ) {}

  /** The oldest events with `after < position <= upTo` of the rooms. */
  async between(roomNids: readonly number[], after: number, upTo: number, limit: number): Promise<StoredEvent[]> {
    if (roomNids.length === 0 || after >= upTo) return [];
    const rows = await this.reader.allHeavy<EventRow>({
      sql:
        `select ${EVENT_COLUMNS} from events where ${inIntegers(this.reader.dialect, 'room_nid')} ` +
        'and position > ? and position <= ? order by position limit ?',
      parameters: [listParameter(roomNids), after, upTo, limit],
    });
    return this.events.fromRows(rows);
  }
}
