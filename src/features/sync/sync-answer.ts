import type { Clock } from '#platform/clock/index.ts';
import { encodeSyncToken } from '#platform/streams/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { JoinedRooms, RoomDirectory, RoomMembership } from '#rooms/index.ts';
import { keysText } from './keys-text.ts';
import { type MoveStores, NO_MOVES, type RoomMoves, readMoves } from './room-moves.ts';
import { NO_SIDES, passesSide, type RoomSides, type RoomStores, roomSection, sideEventsText } from './room-section.ts';
import { ShownRooms } from './shown-rooms.ts';
import type { Range, RoomSet, RoomUnread, SideEvent, SyncSources } from './sources.ts';
import type { SyncRequest } from './sync-request.ts';

export interface AnswerStores extends RoomStores, MoveStores {
  readonly joined: JoinedRooms;
  readonly directory: RoomDirectory;
}

export interface AnswerDependencies {
  readonly stores: AnswerStores;
  readonly sources: SyncSources;
  readonly clock: Clock;
}

export interface SyncAnswer {
  /** The response body. */
  readonly text: string;
  /** Whether it tells nothing new: a long poll then goes on waiting. */
  readonly isEmpty: boolean;
}

/** The longest the event loop is kept, before others get a turn. */
const SLICE_MS = 10;

/** What a client that knows everything up to `request.since` has missed up to `upTo`. */
export async function buildAnswer(
  request: SyncRequest,
  upTo: number,
  dependencies: AnswerDependencies,
): Promise<SyncAnswer> {
  return new AnswerBuilder(request, dependencies).build(upTo);
}

/** The same where it is known that nothing has happened. */
export async function quietAnswer(
  request: SyncRequest,
  upTo: number,
  { sources }: AnswerDependencies,
): Promise<SyncAnswer> {
  return {
    text: `{"next_batch":"${encodeSyncToken(upTo)}",${await keysText(request, sources.devices)}}`,
    isEmpty: true,
  };
}

class AnswerBuilder {
  readonly #request: SyncRequest;
  readonly #stores: AnswerStores;
  readonly #sources: SyncSources;
  readonly #clock: Clock;
  #sliceStart: number;

  constructor(request: SyncRequest, { stores, sources, clock }: AnswerDependencies) {
    this.#request = request;
    this.#stores = stores;
    this.#sources = sources;
    this.#clock = clock;
    this.#sliceStart = clock.monotonic();
  }

  async build(now: number): Promise<SyncAnswer> {
    const { userId, deviceId, since } = this.#request;
    // Messages to devices may be more than one answer holds. The whole answer then ends where they do: there is one token.
    const toDevice =
      deviceId === undefined
        ? { messages: [], upTo: now }
        : await this.#sources.toDevice.messages(userId, deviceId, { since, upTo: now });
    const { upTo } = toDevice;
    const range: Range = { since, upTo };
    const ignored = await this.#sources.ignoredBy(userId);
    const moves = await readMoves(this.#request, upTo, ignored, this.#stores);
    const rooms = await this.#rooms(range, moves, ignored);
    const accountData = (await this.#sources.accountData.global(userId, range)).filter((event) =>
      passesSide(this.#request.filter.accountData, event),
    );
    const presence = (await this.#sources.presence.since(userId, range)).filter((event) =>
      passesSide(this.#request.filter.presence, event),
    );
    const devices = await this.#devices(range, moves);
    const parts = [`"next_batch":"${encodeSyncToken(upTo)}"`];
    if (rooms !== undefined) parts.push(`"rooms":${rooms}`);
    if (accountData.length > 0) parts.push(`"account_data":${sideEventsText(accountData)}`);
    if (presence.length > 0) parts.push(`"presence":${sideEventsText(presence)}`);
    if (toDevice.messages.length > 0) parts.push(`"to_device":{"events":[${toDevice.messages.join(',')}]}`);
    const isEmpty = parts.length === 1 && devices.lists === undefined;
    if (devices.lists !== undefined) parts.push(devices.lists);
    parts.push(devices.keys);
    return { text: `{${parts.join(',')}}`, isEmpty };
  }

  async #rooms(range: Range, moves: RoomMoves, ignored: ReadonlySet<string>): Promise<string | undefined> {
    const join = await this.#joinedRooms(range, moves, ignored);
    if (moves === NO_MOVES) return join.length === 0 ? undefined : `{"join":{${join.join(',')}}}`;
    const leave = await this.#leftRooms(range, moves, ignored);
    const invite = await this.#strippedRooms(moves.invited, 'invite_state');
    const knock = await this.#strippedRooms(moves.knocked, 'knock_state');
    const sections = Object.entries({ join, invite, knock, leave }).filter(([, entries]) => entries.length > 0);
    if (sections.length === 0) return undefined;
    return `{${sections.map(([name, entries]) => `"${name}":{${entries.join(',')}}`).join(',')}}`;
  }

  async #joinedRooms(range: Range, moves: RoomMoves, ignored: ReadonlySet<string>): Promise<string[]> {
    const { userId, filter } = this.#request;
    const { since } = range;
    const joined = new ShownRooms(await this.#stores.joined.of(userId), range.upTo, filter.rooms);
    const newRooms = new Set(moves.newlyJoined.map(({ roomId }) => roomId));
    const sides = await this.#sides(range, joined, newRooms);
    const told = this.#toldOf(range, joined, newRooms, sides);
    if (told.length === 0) return [];
    const unread = await this.#sources.unread(
      userId,
      told.map(([, nid]) => nid),
    );
    const entries: string[] = [];
    for (const [roomId, nid] of told) {
      await this.#breathe();
      const isNew = newRooms.has(roomId);
      const text = await roomSection(
        {
          room: this.#stores.directory.peek(nid) ?? (await this.#stores.directory.get(nid)),
          request: this.#request,
          since: isNew ? undefined : since,
          upTo: range.upTo,
          ignored,
          sides: { ...(sides.get(roomId) ?? NO_SIDES), unread: unread.get(nid) ?? NOTHING_UNREAD },
        },
        this.#stores,
      );
      if (text !== undefined) entries.push(`${JSON.stringify(roomId)}:${text}`);
    }
    return entries;
  }

  /** The rooms in which something may be new. */
  #toldOf(
    range: Range,
    joined: ShownRooms,
    newRooms: ReadonlySet<RoomId>,
    sides: ReadonlyMap<RoomId, RoomSides>,
  ): [RoomId, number][] {
    const { since } = range;
    const changed =
      since === undefined || this.#request.fullState ? undefined : this.#stores.tracker.rooms.changedSince(since);
    const isAlone = newRooms.size === 0 && sides.size === 0;
    const asked =
      changed === undefined ? joined.keys() : isAlone ? changed : new Set([...changed, ...newRooms, ...sides.keys()]);
    const told: [RoomId, number][] = [];
    for (const roomId of asked) {
      const nid = joined.get(roomId);
      if (nid !== undefined) told.push([roomId, nid]);
    }
    return told;
  }

  /** What is new in rooms other than events; a room that is new to the client has everything new. */
  async #sides(range: Range, joined: ShownRooms, newRooms: ReadonlySet<RoomId>): Promise<Map<RoomId, RoomSides>> {
    const { userId } = this.#request;
    const sides = new Map<RoomId, { ephemeral: SideEvent[]; accountData: SideEvent[]; unread: undefined }>();
    const sideOf = (roomId: RoomId) => {
      let side = sides.get(roomId);
      if (side === undefined) {
        side = { ephemeral: [], accountData: [], unread: undefined };
        sides.set(roomId, side);
      }
      return side;
    };
    const passes: (readonly [RoomSet, Range])[] = [
      [range.since === undefined || newRooms.size === 0 ? joined : joined.without(newRooms), range],
    ];
    if (range.since !== undefined && newRooms.size > 0)
      passes.push([joined.only(newRooms), { since: undefined, upTo: range.upTo }]);
    for (const [rooms, part] of passes) {
      for (const [roomId, contentText] of await this.#sources.receipts(userId, rooms, part)) {
        sideOf(roomId).ephemeral.push({ type: 'm.receipt', text: `{"type":"m.receipt","content":${contentText}}` });
      }
      for (const [roomId, contentText] of this.#sources.typing(userId, rooms, part)) {
        sideOf(roomId).ephemeral.push({ type: 'm.typing', text: `{"type":"m.typing","content":${contentText}}` });
      }
      for (const [roomId, events] of await this.#sources.accountData.rooms(userId, part)) {
        if (rooms.has(roomId)) sideOf(roomId).accountData.push(...events);
      }
    }
    return sides;
  }

  async #leftRooms(range: Range, moves: RoomMoves, ignored: ReadonlySet<string>): Promise<string[]> {
    if (moves.left.length === 0) return [];
    const { userId } = this.#request;
    const { directory, events, visibility } = this.#stores;
    const accountData = await this.#sources.accountData.rooms(userId, range);
    const entries: string[] = [];
    for (const { roomNid, roomId, position, eventNid } of moves.left) {
      await this.#breathe();
      const own = eventNid === undefined ? undefined : await events.byNid(eventNid);
      const text = await roomSection(
        {
          room: await directory.get(roomNid),
          request: this.#request,
          since: range.since,
          upTo: range.upTo,
          ignored,
          left: { position, own, until: own && (await visibility.endOfStay(own, userId)) },
          sides: { ...NO_SIDES, accountData: accountData.get(roomId) ?? [] },
        },
        this.#stores,
      );
      if (text !== undefined) entries.push(`${JSON.stringify(roomId)}:${text}`);
    }
    return entries;
  }

  async #strippedRooms(memberships: readonly RoomMembership[], key: 'invite_state' | 'knock_state'): Promise<string[]> {
    const entries: string[] = [];
    for (const membership of memberships) {
      const events = await this.#sources.strippedState(membership);
      entries.push(`${JSON.stringify(membership.roomId)}:{"${key}":${JSON.stringify({ events })}}`);
    }
    return entries;
  }

  async #devices(range: Range, moves: RoomMoves): Promise<{ lists: string | undefined; keys: string }> {
    const { userId } = this.#request;
    const { devices } = this.#sources;
    let lists: string | undefined;
    if (range.since !== undefined) {
      const rooms = {
        joined: moves.newlyJoined.map(({ roomId }) => roomId),
        left: moves.left.map(({ roomId }) => roomId),
      };
      const { changed, left } = await devices.changes(userId, range, rooms);
      if (changed.length > 0 || left.length > 0) lists = `"device_lists":${JSON.stringify({ changed, left })}`;
    }
    return { lists, keys: await keysText(this.#request, devices) };
  }

  /** Lets others have the event loop, when this answer has had it for long enough. */
  async #breathe(): Promise<void> {
    if (this.#clock.monotonic() - this.#sliceStart < SLICE_MS) return;
    await this.#clock.sleep(0);
    this.#sliceStart = this.#clock.monotonic();
  }
}

const NOTHING_UNREAD: RoomUnread = {
  total: { notificationCount: 0, highlightCount: 0 },
  main: { notificationCount: 0, highlightCount: 0 },
  threads: new Map(),
};
