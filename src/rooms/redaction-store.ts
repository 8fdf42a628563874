import { statement } from '#platform/storage/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import type { EventId } from '#protocol/identifiers/index.ts';

const selectNaming = statement<{ event_nid: number }>(
  'select event_nid from redactions where redacts = ? and room_nid = ? order by event_nid limit ?',
);
/** Redactions of one event that are looked at, oldest first. */
const LOOKED_AT = 50;

/** Redactions by what they name, which may arrive after them. */
export class RedactionStore {
  constructor(private readonly reader: Reader) {}

  /** The accepted redactions of a room that name the event, oldest first. */
  async naming(target: EventId, roomNid: number): Promise<number[]> {
    return (await this.reader.all(selectNaming(target, roomNid, LOOKED_AT))).map((row) => row.event_nid);
  }
}
