import { pruneStrippedState, STRIPPED_STATE_TYPES, toStrippedState } from '#protocol/events/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { CurrentState, EventStore, RoomDirectory, RoomMembership, StoredEvent } from '#rooms/index.ts';
import type { MembershipConfig } from './ports.ts';

interface InviteStateDeps {
  readonly rooms: RoomDirectory;
  readonly events: EventStore;
  readonly current: CurrentState;
  readonly config: Pick<MembershipConfig, 'prejoinState'>;
}

/**
 * What somebody who is invited to a room, or has knocked on it, may know of it: `invite_state.events` and
 * `knock_state.events` of a sync. It is the state at the member event, so that what changes later stays hidden.
 * https://spec.matrix.org/v1.19/client-server-api/#stripped-state
 */
export class InviteState {
  constructor(private readonly deps: InviteStateDeps) {}

  /** For an invite or a knock: the stripped events, the member events of sender and target last. */
  async of(membership: RoomMembership): Promise<JsonObject[]> {
    if (membership.strippedState !== undefined) return pruneStrippedState(JSON.parse(membership.strippedState));
    return this.at(await this.deps.events.byNid(membership.eventNid));
  }

  /** As `of`, by the member event itself. */
  async at(member: StoredEvent): Promise<JsonObject[]> {
    const { rooms, current } = this.deps;
    if (member.stateAfter === undefined) return [toStrippedState(member)];
    const state = current.at(await rooms.get(member.roomNid), member.stateAfter);
    const shown: JsonObject[] = [];
    for (const [type, stateKey] of this.#keys()) {
      const found = stateKey === undefined ? await state.all(type) : [await state.get(type, stateKey)];
      for (const event of found) if (event !== undefined) shown.push(strip(event));
    }
    if (member.sender !== member.stateKey) {
      const sender = await state.get('m.room.member', member.sender);
      if (sender !== undefined) shown.push(strip(sender));
    }
    shown.push(strip(member));
    return shown;
  }

  #keys(): (readonly [type: string, stateKey: string | undefined])[] {
    const { disableDefaultEventTypes, additionalEventTypes } = this.deps.config.prejoinState;
    // The create event must always be there: clients check the room id and the room's type by it.
    const usual = disableDefaultEventTypes ? ['m.room.create'] : STRIPPED_STATE_TYPES;
    return [
      ...usual.map((type) => [type, ''] as const),
      ...additionalEventTypes.map(({ type, stateKey }) => [type, stateKey] as const),
    ];
  }
}

function strip(event: StoredEvent): JsonObject {
  const stripped = toStrippedState(event);
  if (event.type !== 'm.room.create') return stripped;
  return { ...stripped, event_id: event.eventId, origin_server_ts: event.originServerTs };
}
