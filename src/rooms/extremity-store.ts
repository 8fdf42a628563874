import { statement } from '#platform/storage/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';

const crowded = statement<{ room_id: RoomId }>(
  'select r.room_id from (select room_nid, count(*) as ends from forward_extremities group by room_nid) f ' +
    'join rooms r on r.room_nid = f.room_nid where f.ends > ? order by f.ends desc limit ?',
);
const distribution = statement<{ ends: number; rooms: number }>(
  'select ends, count(*) as rooms from (select count(*) as ends from forward_extremities group by room_nid) f group by ends',
);

/** How many ends rooms have. */
export class ExtremityStore {
  constructor(private readonly reader: Reader) {}

  /** Rooms with more than `bound` extremities, the worst first. */
  async crowded(bound: number, limit: number): Promise<RoomId[]> {
    return (await this.reader.allHeavy(crowded(bound, limit))).map((row) => row.room_id);
  }

  /** How many rooms have how many extremities: for metrics. */
  async distribution(): Promise<ReadonlyMap<number, number>> {
    const rows = await this.reader.allHeavy(distribution());
    return new Map(rows.map(({ ends, rooms }) => [Number(ends), Number(rooms)]));
  }
}
