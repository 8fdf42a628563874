import type { RoomEvent } from '../events/pdu.ts';
import type { EventId } from '../identifiers/index.ts';

/** The create event that the room id names, for rooms whose id is the hash of it. */
export function createEventIdOf(event: Pick<RoomEvent, 'roomId'>): EventId {
  return `$${event.roomId.slice(1)}` as EventId;
}
