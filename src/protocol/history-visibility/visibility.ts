import type { RoomEvent } from '../events/pdu.ts';
import { isJsonObject } from '../json.ts';

export type HistoryVisibility = 'world_readable' | 'shared' | 'invited' | 'joined';

export type Membership = 'join' | 'invite' | 'knock' | 'leave' | 'ban';

const VISIBILITIES: readonly HistoryVisibility[] = ['world_readable', 'shared', 'invited', 'joined'];
const MEMBERSHIPS: readonly Membership[] = ['join', 'invite', 'knock', 'leave', 'ban'];

/**
 * The visibility that the content of an `m.room.history_visibility` sets. `shared` if there is no such event (`undefined`)
 * or its value is not understood.
 */
export function historyVisibilityOf(content: unknown): HistoryVisibility {
  const value = isJsonObject(content) ? content.history_visibility : undefined;
  return VISIBILITIES.find((visibility) => visibility === value) ?? 'shared';
}

/** The membership that the content of an `m.room.member` sets. `leave` if there is no such event or it is malformed. */
export function membershipOf(content: unknown): Membership {
  const value = isJsonObject(content) ? content.membership : undefined;
  return MEMBERSHIPS.find((membership) => membership === value) ?? 'leave';
}

/** An event as far as its visibility depends on it. */
export type VisibilityEvent = Pick<RoomEvent, 'type' | 'stateKey' | 'content'>;

/**
 * The visibilities in force at an event, given the one before it: two where the event itself changes it, as either of them
 * may show the event.
 */
export function visibilitiesAt(event: VisibilityEvent, before: HistoryVisibility): readonly HistoryVisibility[] {
  const changes = event.type === 'm.room.history_visibility' && event.stateKey === '';
  return changes ? [before, historyVisibilityOf(event.content)] : [before];
}
