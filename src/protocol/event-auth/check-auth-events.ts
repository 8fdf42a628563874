import type { RoomEvent } from '../events/pdu.ts';
import { createEventIdOfRoom } from '../events/room-event.ts';
import type { EventId } from '../identifiers/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { selectAuthEvents } from './select-auth-events.ts';
import { ALLOWED, type AuthVerdict, refused } from './verdict.ts';

/**
 * Rule 3 (2 before version 12): whether the `auth_events` of an event, all given in `authEvents`, are such as it may have.
 * `isRejected` tells of an event id whether that event was rejected; from version 12 it is also asked about the create event
 * that the room id names (rule 2), which `authorizeEvent` compares with the state.
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules
 */
export function checkAuthEvents(
  event: RoomEvent,
  authEvents: readonly RoomEvent[],
  isRejected: (id: EventId) => boolean,
  rules: RoomVersionRules,
): AuthVerdict {
  // 1. decides about a create event whatever its auth_events.
  if (event.type === 'm.room.create') return ALLOWED;
  // 2.
  if (rules.roomIdIsCreateHash && isRejected(createEventIdOfRoom(event.roomId))) {
    return refused('the m.room.create event was rejected');
  }

  const selected = selectAuthEvents(event, rules);
  let seen = 0;
  for (const authEvent of authEvents) {
    const index = selected.findIndex(([type, key]) => type === authEvent.type && key === authEvent.stateKey);
    // 3.2. From version 12 this refuses the create event too.
    if (index < 0) return refused(`${authEvent.type} has no place in the auth_events of the event`);
    // 3.1.
    if ((seen & (1 << index)) !== 0) return refused(`auth_events holds ${authEvent.type} twice`);
    seen |= 1 << index;
    // 3.3.
    if (isRejected(authEvent.eventId)) return refused(`auth_events holds a rejected ${authEvent.type}`);
    // 3.5.
    if (authEvent.roomId !== event.roomId) return refused(`auth_events holds ${authEvent.type} of another room`);
  }
  // Versions 1 to 11: 2.4. The create event is the first one selected.
  if (!rules.roomIdIsCreateHash && (seen & 1) === 0) return refused('auth_events holds no m.room.create');
  return ALLOWED;
}
