import {
  type AuthVerdict,
  authorizeEvent,
  authStateOf,
  checkAuthEvents,
  selectAuthEvents,
} from '#protocol/event-auth/index.ts';
import { createEventIdOfRoom, type RoomEvent } from '#protocol/events/index.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import type { RoomVersionRules } from '#protocol/room-versions/index.ts';
import type { StateView } from './state-view.ts';
import type { StoredEvent } from './stored-event.ts';
import { EventStatus } from './tables.ts';

/** What the check by auth events needs: those the event names, and the create event where the room id stands for it. */
export function authEventIdsOf(event: RoomEvent, rules: RoomVersionRules): readonly EventId[] {
  if (!rules.roomIdIsCreateHash || event.type === 'm.room.create') return event.authEventIds;
  return [...event.authEventIds, createEventIdOfRoom(event.roomId)];
}

/** Whether an event is allowed by the events it names as its auth events; `known` has all of `authEventIdsOf`. */
export function authorizeByAuthEvents(
  event: RoomEvent,
  known: ReadonlyMap<EventId, StoredEvent>,
  rules: RoomVersionRules,
): AuthVerdict {
  const named = event.authEventIds.map((eventId) => known.get(eventId)!.asSent);
  const isRejected = (eventId: EventId) => known.get(eventId)?.status === EventStatus.rejected;
  const verdict = checkAuthEvents(event, named, isRejected, rules);
  if (!verdict.allowed) return verdict;
  const all = authEventIdsOf(event, rules).map((eventId) => known.get(eventId)!.asSent);
  return authorizeEvent(event, authStateOf(all), rules);
}

/** Whether an event is allowed by a state of the room. Redacted state counts as it was sent: the order of arrival must not. */
export async function authorizeByState(
  event: RoomEvent,
  state: StateView,
  rules: RoomVersionRules,
): Promise<AuthVerdict> {
  await state.preload([...selectAuthEvents(event, rules), ['m.room.create', '']]);
  return authorizeEvent(event, { get: (type, stateKey) => state.peek(type, stateKey)?.asSent }, rules);
}
