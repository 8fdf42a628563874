import type { Clock } from '#platform/clock/index.ts';
import { decodeSyncToken, encodeSyncToken, type Streams } from '#platform/streams/index.ts';
import { forbidden, invalidParam } from '#protocol/errors.ts';
import { isOwnMembership, membershipOf } from '#protocol/history-visibility/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import {
  type ClientEvents,
  type EventReader,
  EventStatus,
  type JoinedRooms,
  type MembershipStore,
  type StoredEvent,
  type Visibility,
  type VisibleEvent,
} from '#rooms/index.ts';
import type { NewEventsStore } from './new-events-store.ts';

export interface EventStreamDeps {
  readonly store: NewEventsStore;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly joined: JoinedRooms;
  readonly members: MembershipStore;
  readonly visibility: Visibility;
  readonly clientEvents: ClientEvents;
  readonly ignoredBy: (userId: UserId) => Promise<ReadonlySet<string>>;
}

export interface StreamQuery {
  readonly from?: string;
  readonly timeout?: number;
  readonly room_id?: RoomId;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_TIMEOUT_MS = 60_000;
const PAGE = 100;
/** Nothing wakes somebody who only looks into a room: they look again. */
const PEEK_INTERVAL_MS = 1_000;

interface StreamPage {
  readonly events: readonly VisibleEvent[];
  /** How far it reaches. */
  readonly upTo: number;
}

/**
 * The deprecated stream of events: those that are new since a token, waited for if there are none yet. Room events only.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3events
 */
export class EventStream {
  constructor(private readonly deps: EventStreamDeps) {}

  /**
   * The answer's JSON text.
   * @throws MatrixError 400 `M_INVALID_PARAM` for a token that is none; 403 `M_FORBIDDEN` for a room the reader may not read.
   */
  async read(query: StreamQuery, reader: EventReader, signal: AbortSignal): Promise<string> {
    const { streams, clock, visibility, joined } = this.deps;
    const access = query.room_id === undefined ? undefined : await visibility.accessOf(query.room_id, reader.userId);
    // What is new in a room is for those who are in it, or may look in.
    if (access?.kind === 'left') throw forbidden('You are not in this room');
    const from = readToken(query.from, streams.current());
    const start = query.from || encodeSyncToken(from);
    const deadline = clock.monotonic() + Math.min(query.timeout ?? DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS);
    // The user's rooms must be in memory before waiting, or nothing in them would wake this request.
    await joined.of(reader.userId);
    for (let after = from; ; ) {
      const current = streams.current();
      const page = await this.#page(access?.room.nid, after, current, reader.userId);
      const remainingMs = deadline - clock.monotonic();
      const isCaughtUp = page.upTo === current;
      if (page.events.length > 0 || (isCaughtUp && (remainingMs <= 0 || signal.aborted))) {
        return this.#text(page, start, reader);
      }
      after = page.upTo;
      if (!isCaughtUp) continue;
      if (access?.kind === 'peeking') await clock.sleep(Math.min(remainingMs, PEEK_INTERVAL_MS), signal);
      else await streams.waitForUser(reader.userId, after, remainingMs, signal);
    }
  }

  async #page(roomNid: number | undefined, after: number, upTo: number, userId: UserId): Promise<StreamPage> {
    const { store, visibility } = this.deps;
    const nids = roomNid === undefined ? await this.#rooms(userId, after) : [roomNid];
    const events = await store.between(nids, after, upTo, PAGE);
    const ignored = await this.deps.ignoredBy(userId);
    const visible = new Map<number, VisibleEvent>();
    for (const nid of new Set(events.map((event) => event.roomNid))) {
      const ofRoom = events.filter((event) => event.roomNid === nid);
      for (const one of await visibility.filter(ofRoom, userId, { ignored })) visible.set(one.event.nid, one);
      // What becomes of a user is told to them in any case: an invite, before they may see anything else.
      for (const event of ofRoom) if (isToldTo(event, userId, ignored)) visible.set(event.nid, ownMembership(event));
    }
    const last = events.length === PAGE ? events.at(-1)?.position : undefined;
    return { events: inOrder(events, visible), upTo: last ?? upTo };
  }

  /** The rooms the user is in, and those where something has become of them since. */
  async #rooms(userId: UserId, after: number): Promise<number[]> {
    const memberships = await this.deps.members.ofUser(userId);
    return memberships
      .filter(({ membership, position, isForgotten }) => membership === 'join' || (position > after && !isForgotten))
      .map(({ roomNid }) => roomNid);
  }

  async #text({ events, upTo }: StreamPage, start: string, reader: EventReader): Promise<string> {
    const texts = await this.deps.clientEvents.serialize(
      events.map(({ event }) => event),
      { reader, memberships: new Map(events.map(({ event, membership }) => [event.nid, membership])) },
    );
    return `{"chunk":[${texts.join(',')}],"start":${JSON.stringify(start)},"end":"${encodeSyncToken(upTo)}"}`;
  }
}

/** A token of the future is not believed. */
function readToken(from: string | undefined, current: number): number {
  if (from === undefined || from === '') return current;
  const position = decodeSyncToken(from);
  if (position === undefined) throw invalidParam('from is no token of this server');
  return Math.min(position, current);
}

function isToldTo(event: StoredEvent, userId: UserId, ignored: ReadonlySet<string>): boolean {
  return event.status === EventStatus.normal && isOwnMembership(event, userId) && !ignored.has(event.sender);
}

function ownMembership(event: StoredEvent): VisibleEvent {
  return { event, membership: membershipOf(event.content) };
}

function inOrder(events: readonly StoredEvent[], visible: ReadonlyMap<number, VisibleEvent>): VisibleEvent[] {
  return events.map(({ nid }) => visible.get(nid)).filter((one) => one !== undefined);
}
