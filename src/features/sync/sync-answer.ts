import type { Clock } from '#platform/clock/index.ts';
import { encodeSyncToken } from '#platform/streams/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { JoinedRooms, RoomDirectory, RoomMembership } from '#rooms/index.ts';
import { keysText } from './keys-text.ts';
import { type MoveStores, NO_MOVES, type RoomMoves, readMoves } from './room-moves.ts';
import { NO_SIDES, passesSide, type RoomSides, type RoomStores, roomSection, sideEventsText } from './room-section.ts';
import { ShownRooms } from './shown-rooms.ts';
import type { DeviceListChanges, Range, RoomSet, RoomUnread, SideEvent, SyncSources } from './sources.ts';
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
    const asked =
      deviceId === undefined
        ? { messages: [], upTo: now }
        : this.#sources.toDevice.messages(userId, deviceId, { since, upTo: now });
    const toDevice = asked instanceof Promise ? await asked : asked;
    const { upTo } = toDevice;
    const range: Range = { since, upTo };
    const ignoring = this.#sources.ignoredBy(userId);
    const ignored = ignoring instanceof Promise ? await ignoring : ignoring;
    const moving = readMoves(this.#request, upTo, ignored, this.#stores);
    const moves = moving instanceof Promise ? await moving : moving;
    const rooms = await this.#rooms(range, moves, ignored);
    const data = this.#sources.accountData.global(userId, range);
    const accountData = passing(data instanceof Promise ? await data : data, this.#request.filter.accountData);
    const seen = this.#sources.presence.since(userId, range);
    const presence = passing(seen instanceof Promise ? await seen : seen, this.#request.filter.presence);
    const changing = since === undefined ? undefined : this.#deviceLists(range, moves);
    const lists = changing instanceof Promise ? await changing : changing;
    const counting = keysText(this.#request, this.#sources.devices);
    const keys = typeof counting === 'string' ? counting : await counting;
    const parts = [`"next_batch":"${encodeSyncToken(upTo)}"`];
    if (rooms !== undefined) parts.push(`"rooms":${rooms}`);
    if (accountData.length > 0) parts.push(`"account_data":${sideEventsText(accountData)}`);
    if (presence.length > 0) parts.push(`"presence":${sideEventsText(presence)}`);
    if (toDevice.messages.length > 0) parts.push(`"to_device":{"events":[${toDevice.messages.join(',')}]}`);
    const isEmpty = parts.length === 1 && lists === undefined;
    if (lists !== undefined) parts.push(lists);
    parts.push(keys);
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
    const asked = this.#stores.joined.of(userId);
    const joined = new ShownRooms(asked instanceof Promise ? await asked : asked, range.upTo, filter.rooms);
    const newRooms = new Set(moves.newlyJoined.map(({ roomId }) => roomId));
    const sides = await this.#sides(range, joined, newRooms);
    const told = this.#toldOf(range, joined, newRooms, sides);
    if (told.length === 0) return [];
    const counting = this.#sources.unread(
      userId,
      told.map(([, nid]) => nid),
    );
    const unread = counting instanceof Promise ? await counting : counting;
    const entries: string[] = [];
    for (const [roomId, nid] of told) {
      if (this.#isLong()) await this.#breathe();
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
      const receiving = this.#sources.receipts(userId, rooms, part);
      for (const [roomId, contentText] of receiving instanceof Promise ? await receiving : receiving) {
        sideOf(roomId).ephemeral.push({ type: 'm.receipt', text: `{"type":"m.receipt","content":${contentText}}` });
      }
      for (const [roomId, contentText] of this.#sources.typing(userId, rooms, part)) {
        sideOf(roomId).ephemeral.push({ type: 'm.typing', text: `{"type":"m.typing","content":${contentText}}` });
      }
      const data = this.#sources.accountData.rooms(userId, part);
      for (const [roomId, events] of data instanceof Promise ? await data : data) {
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
      if (this.#isLong()) await this.#breathe();
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

  /** The text of `device_lists`, `undefined` if there is nothing to tell. */
  #deviceLists(range: Range, moves: RoomMoves): string | undefined | Promise<string | undefined> {
    const rooms = {
      joined: moves.newlyJoined.map(({ roomId }) => roomId),
      left: moves.left.map(({ roomId }) => roomId),
    };
    const changes = this.#sources.devices.changes(this.#request.userId, range, rooms);
    return changes instanceof Promise ? changes.then(deviceListsText) : deviceListsText(changes);
  }

  #isLong(): boolean {
    return this.#clock.monotonic() - this.#sliceStart >= SLICE_MS;
  }

  /** Lets others have the event loop, when this answer has had it for long enough. */
  async #breathe(): Promise<void> {
    await this.#clock.sleep(0);
    this.#sliceStart = this.#clock.monotonic();
  }
}

function deviceListsText({ changed, left }: DeviceListChanges): string | undefined {
  return changed.length > 0 || left.length > 0 ? `"device_lists":${JSON.stringify({ changed, left })}` : undefined;
}

function passing(events: readonly SideEvent[], filter: Parameters<typeof passesSide>[0]): readonly SideEvent[] {
  return events.length === 0 ? events : events.filter((event) => passesSide(filter, event));
}

const NOTHING_UNREAD: RoomUnread = {
  total: { notificationCount: 0, highlightCount: 0 },
  main: { notificationCount: 0, highlightCount: 0 },
  threads: new Map(),
};
