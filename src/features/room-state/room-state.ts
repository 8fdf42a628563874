import { decodeSyncToken, type Streams } from '#platform/streams/index.ts';
import { forbidden, invalidParam, notFound } from '#protocol/errors.ts';
import type { Membership } from '#protocol/history-visibility/index.ts';
import { membershipOf } from '#protocol/history-visibility/index.ts';
import type { EventId, RoomId, UserId } from '#protocol/identifiers/index.ts';
import {
  type ClientEvents,
  type CurrentState,
  decodeTimelineToken,
  type EventReader,
  type MembershipStore,
  type RoomAccess,
  type StateView,
  type StoredEvent,
  type TimelineStore,
  type Visibility,
} from '#rooms/index.ts';

export interface RoomStateDeps {
  readonly visibility: Visibility;
  readonly current: CurrentState;
  readonly timeline: TimelineStore;
  readonly members: MembershipStore;
  readonly clientEvents: ClientEvents;
  readonly streams: Streams;
}

export interface MembersQuery {
  /** A sync or timeline token. */
  readonly at?: string | undefined;
  readonly membership?: Membership | undefined;
  readonly notMembership?: Membership | undefined;
}

/** Reads state for clients: that of now for who is in the room or may look in, that of their leaving for who has left. */
export class RoomStateReader {
  constructor(private readonly deps: RoomStateDeps) {}

  /**
   * All state events, as JSON texts.
   * @throws MatrixError 403 `M_FORBIDDEN` if the reader may not read the room.
   */
  async all(roomId: RoomId, reader: EventReader): Promise<string[]> {
    const state = await this.#stateFor(await this.deps.visibility.accessOf(roomId, reader.userId));
    return this.#serialize(await state.all(), reader);
  }

  /**
   * One state event.
   * @throws MatrixError 403 `M_FORBIDDEN` as `all`; 404 `M_NOT_FOUND` if there is no such entry.
   */
  async one(roomId: RoomId, type: string, stateKey: string, reader: EventReader): Promise<StoredEvent> {
    const state = await this.#stateFor(await this.deps.visibility.accessOf(roomId, reader.userId));
    const event = await state.get(type, stateKey);
    if (event === undefined) throw notFound('The room has no such state');
    return event;
  }

  async serialize(event: StoredEvent, reader: EventReader): Promise<string> {
    return (await this.#serialize([event], reader))[0]!;
  }

  /**
   * Member events, as JSON texts.
   * @throws MatrixError 403 `M_FORBIDDEN` as `all`; 400 `M_INVALID_PARAM` for a token that is none.
   */
  async members(
    roomId: RoomId,
    { at, membership, notMembership }: MembersQuery,
    reader: EventReader,
  ): Promise<string[]> {
    const access = await this.deps.visibility.accessOf(roomId, reader.userId);
    const state = at === undefined ? await this.#stateFor(access) : await this.#stateAt(access, at);
    const members = await state.all('m.room.member');
    const wanted = members.filter((event) => {
      const own = membershipOf(event.content);
      return (membership === undefined || own === membership) && (notMembership === undefined || own !== notMembership);
    });
    return this.#serialize(wanted, reader);
  }

  /** The joined members with their profiles. @throws MatrixError 403 `M_FORBIDDEN` unless the reader is one of them. */
  async joinedMembers(roomId: RoomId, userId: UserId) {
    const room = await this.deps.visibility.requireJoined(roomId, userId);
    const members = await this.deps.members.ofRoom(room.nid, 'join');
    return members.map(
      (member) =>
        [member.userId, { display_name: member.displayName ?? null, avatar_url: member.avatarUrl ?? null }] as const,
    );
  }

  /** One event, as JSON text. @throws MatrixError 404 `M_NOT_FOUND` also if the reader may not see it. */
  async event(roomId: RoomId, eventId: string, reader: EventReader): Promise<string> {
    const isStorable = !eventId.includes('\0') && eventId.isWellFormed();
    const found = isStorable ? await this.deps.visibility.find(eventId as EventId, roomId, reader.userId) : undefined;
    if (found === undefined) throw notFound('There is no such event');
    const memberships = new Map([[found.event.nid, found.membership]]);
    return this.deps.clientEvents.serializeOne(found.event, { reader, memberships });
  }

  async #stateFor(access: RoomAccess): Promise<StateView> {
    if (access.kind === 'left') return this.#stateAfter(access, access.until);
    const state = await this.deps.current.ofRoom(access.room);
    if (state === undefined) throw forbidden('You are not in this room');
    return state;
  }

  /** The state at a token; for who has left, never a later one than that of their leaving. */
  async #stateAt(access: RoomAccess, token: string): Promise<StateView> {
    const position = decodeSyncToken(token) ?? decodeTimelineToken(token)?.position;
    if (position === undefined) throw invalidParam("'at' is no token of this server");
    const { room } = access;
    const last = access.kind === 'left' ? (access.until.position ?? 0) : this.deps.streams.current();
    const upTo = Math.min(position, last);
    const [before] = await this.deps.timeline.newest(room.nid, Number.MIN_SAFE_INTEGER, upTo, 1);
    if (before !== undefined) return this.#stateAfter(access, before);
    // Before its first event a room has no state; tokens from there ask for its beginning, with its creator in it.
    const beginning = await this.deps.timeline.oldest(room.nid, Number.MIN_SAFE_INTEGER, last, 2);
    const first = beginning.at(-1);
    return first === undefined ? this.#stateFor(access) : this.#stateAfter(access, first);
  }

  #stateAfter({ room }: RoomAccess, event: StoredEvent): StateView {
    if (event.stateAfter === undefined) throw new Error(`event ${event.nid} of the timeline has no state`);
    return this.deps.current.at(room, event.stateAfter);
  }

  #serialize(events: readonly StoredEvent[], reader: EventReader): Promise<string[]> {
    return this.deps.clientEvents.serialize(events, { reader, withAggregations: false });
  }
}
