import type { Streams } from '#platform/streams/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { ClientEvents } from '#rooms/index.ts';
import {
  type EventReader,
  encodeTimelineToken,
  type MembershipStore,
  placeAfter,
  placeBefore,
  TIMELINE_START,
  type TimelineStore,
  type Visibility,
} from '#rooms/index.ts';
import type { RoomStateReader } from './room-state.ts';

export interface RoomInitialSyncDeps {
  readonly visibility: Visibility;
  readonly members: MembershipStore;
  readonly timeline: TimelineStore;
  readonly clientEvents: ClientEvents;
  readonly streams: Streams;
  /** Whether the room is in the directory. */
  readonly isPublic: (roomId: RoomId) => Promise<boolean>;
  /** The reader's account data of the room, and the room's receipts, each event as JSON text. */
  readonly accountData: (roomId: RoomId, reader: EventReader) => Promise<readonly string[]>;
  readonly receipts: (roomId: RoomId, reader: EventReader) => Promise<readonly string[]>;
}

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 100;

/**
 * The deprecated look at one room at once, which previews of world-readable rooms still use.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidinitialsync
 */
export class RoomInitialSync {
  constructor(
    private readonly state: RoomStateReader,
    private readonly deps: RoomInitialSyncDeps,
  ) {}

  /** The answer's JSON text. @throws MatrixError 403 `M_FORBIDDEN` if the reader may not read the room. */
  async of(roomId: RoomId, reader: EventReader, limit = DEFAULT_LIMIT): Promise<string> {
    const { visibility, members, timeline, clientEvents, streams } = this.deps;
    const access = await visibility.accessOf(roomId, reader.userId);
    const { nid } = access.room;
    const own = await members.find(nid, reader.userId);
    const upTo = access.kind === 'left' ? (access.until.position ?? 0) : streams.current();
    const events = await timeline.newest(nid, Number.MIN_SAFE_INTEGER, upTo, Math.min(limit, MAX_LIMIT));
    const visible = await visibility.filter(events, reader.userId);
    const memberships = new Map(visible.map(({ event, membership }) => [event.nid, membership]));
    const chunk = await clientEvents.serialize(
      visible.map(({ event }) => event),
      { reader, memberships },
    );
    const first = events[0];
    const last = events.at(-1);
    const messages = {
      start: encodeTimelineToken(first === undefined ? TIMELINE_START_TOKEN : placeBefore(first)),
      end: encodeTimelineToken(last === undefined ? TIMELINE_START_TOKEN : placeAfter(last)),
    };
    // Receipts are of now; who has left knows the room as it was then.
    const receipts = access.kind === 'left' ? [] : await this.deps.receipts(roomId, reader);
    const fields = [
      `"room_id":${JSON.stringify(roomId)}`,
      ...(own === undefined ? [] : [`"membership":"${own.membership}"`]),
      `"messages":{"start":"${messages.start}","end":"${messages.end}","chunk":[${chunk.join(',')}]}`,
      `"state":[${(await this.state.all(roomId, reader)).join(',')}]`,
      `"visibility":"${(await this.deps.isPublic(roomId)) ? 'public' : 'private'}"`,
      `"account_data":[${(await this.deps.accountData(roomId, reader)).join(',')}]`,
      '"presence":[]',
      `"receipts":[${receipts.join(',')}]`,
    ];
    return `{${fields.join(',')}}`;
  }
}

/** The start in a form that a token can hold. */
const TIMELINE_START_TOKEN = { depth: Math.max(0, TIMELINE_START.depth), position: 0 };
