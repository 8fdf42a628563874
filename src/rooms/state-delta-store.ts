import { statement } from '#platform/storage/index.ts';
import type { Reader } from '#platform/storage/ports.ts';

/** The net change of one entry of a room's current state over a range of the stream. */
export interface StateDelta {
  readonly type: string;
  readonly stateKey: string;
  /** The event now in force; `undefined` if the entry went away. */
  readonly eventNid: number | undefined;
  /** The event in force before the range. */
  readonly previousNid: number | undefined;
}

interface DeltaRow {
  type: string;
  state_key: string;
  event_nid: number | null;
  previous_event_nid: number | null;
}

const between = statement<DeltaRow>(
  'select type, state_key, event_nid, previous_event_nid from state_deltas ' +
    'where room_nid = ? and position > ? and position <= ? order by position',
);

/** How the current state of rooms changed along the stream. */
export class StateDeltaStore {
  constructor(private readonly reader: Reader) {}

  /** What changed after `after` and up to `upTo`, each entry once. The cost follows the changes. */
  async between(roomNid: number, after: number, upTo: number): Promise<StateDelta[]> {
    if (after >= upTo) return [];
    const net = new Map<string, StateDelta>();
    for (const row of await this.reader.all(between(roomNid, after, upTo))) {
      const name = `${row.type}\u0000${row.state_key}`;
      const earlier = net.get(name);
      net.set(name, {
        type: row.type,
        stateKey: row.state_key,
        eventNid: row.event_nid ?? undefined,
        previousNid: earlier === undefined ? (row.previous_event_nid ?? undefined) : earlier.previousNid,
      });
    }
    return [...net.values()].filter((delta) => delta.eventNid !== delta.previousNid);
  }
}
