import type { Clock } from '#platform/clock/index.ts';
import { ChangeCache, type StreamBatch, type StreamPosition, type Streams } from '#platform/streams/index.ts';
import { invalidParam, notFound } from '#protocol/errors.ts';
import { type EventId, fitsBytes, MAX_ID_BYTES, type RoomId, type UserId } from '#protocol/identifiers/index.ts';
import { EventStatus, type EventStore, type RoomIdentity, type StoredEvent, type Visibility } from '#rooms/index.ts';
import type { MarkWriter, RoomAccountData, ThreadFinder } from './ports.ts';
import { receiptContent } from './receipt-content.ts';
import type { ReceiptStore } from './receipt-store.ts';
import type { ReceiptRow } from './tables.ts';

export type ReceiptType = 'm.read' | 'm.read.private';

/** That a user has read a room up to an event. */
export interface NewReceipt {
  readonly type: ReceiptType | 'm.fully_read';
  readonly eventId: string;
  /** `main` or a root's event id, as the client sent it; `undefined`: unthreaded. */
  readonly threadId?: unknown;
}

export interface ReceiptsDeps {
  readonly store: ReceiptStore;
  readonly streams: Streams;
  readonly events: Pick<EventStore, 'byId'>;
  readonly visibility: Pick<Visibility, 'requireJoined'>;
  readonly marks: MarkWriter;
  readonly threads: ThreadFinder;
  readonly accountData: RoomAccountData;
  readonly clock: Clock;
}

/** Rooms whose last receipt is remembered. */
const CHANGES_MAX = 100_000;
/** As a `thread_id`: the main timeline. */
const MAIN = 'main';

/** A receipt whose event has been found: ready to be written. */
interface Checked {
  readonly type: NewReceipt['type'];
  readonly event: StoredEvent;
  readonly eventPosition: number;
  readonly threadId: string | undefined;
}

const NOTHING_NEW: ReadonlyMap<RoomId, string> = new Map();

/** Read receipts and fully read markers. https://spec.matrix.org/v1.19/client-server-api/#receipts */
export class Receipts {
  readonly #deps: ReceiptsDeps;
  readonly #changes: ChangeCache<RoomId>;

  constructor(deps: ReceiptsDeps) {
    this.#deps = deps;
    this.#changes = new ChangeCache(deps.streams.current(), CHANGES_MAX);
  }

  /**
   * Moves receipts and the marker of a user in a room, all or none. Those that are further on already stay.
   * @throws MatrixError 403 `M_FORBIDDEN` unless joined; 404 `M_NOT_FOUND` for an event that the room does not have;
   *   400 `M_INVALID_PARAM` for a thread that the event is not in.
   */
  async move(userId: UserId, roomId: RoomId, receipts: readonly NewReceipt[]): Promise<void> {
    const room = await this.#deps.visibility.requireJoined(roomId, userId);
    const moving: Checked[] = [];
    for (const receipt of receipts) {
      const checked = await this.#check(receipt, room);
      if (await this.#isAhead(userId, room, checked)) moving.push(checked);
    }
    if (moving.length === 0) return;
    await this.#deps.streams.commit((batch) => {
      for (const checked of moving) this.#write(batch, userId, room, checked);
    });
  }

  /**
   * The contents of `m.receipt`, as JSON text, of those among `rooms` (by interned id) that have new ones. Private receipts
   * are the reader's own only.
   */
  since(
    reader: UserId,
    rooms: { get(roomId: RoomId): number | undefined; keys(): Iterable<RoomId> },
    range: { readonly since: StreamPosition | undefined; readonly upTo: StreamPosition },
  ): ReadonlyMap<RoomId, string> | Promise<ReadonlyMap<RoomId, string>> {
    if (range.since !== undefined && this.#changes.isQuietSince(range.since)) return NOTHING_NEW;
    return this.#read(reader, rooms, range);
  }

  async #read(
    reader: UserId,
    rooms: { get(roomId: RoomId): number | undefined; keys(): Iterable<RoomId> },
    range: { readonly since: StreamPosition | undefined; readonly upTo: StreamPosition },
  ): Promise<ReadonlyMap<RoomId, string>> {
    const roomIds = new Map<number, RoomId>();
    const changed = range.since === undefined ? undefined : this.#changes.changedSince(range.since);
    for (const roomId of changed ?? rooms.keys()) {
      const nid = rooms.get(roomId);
      if (nid !== undefined) roomIds.set(nid, roomId);
    }
    const contents = new Map<RoomId, string>();
    if (roomIds.size === 0) return contents;
    const found = await this.#deps.store.between([...roomIds.keys()], range.since ?? 0, range.upTo, reader);
    for (const [nid, rows] of found) contents.set(roomIds.get(nid)!, receiptContent(rows));
    return contents;
  }

  async #check({ type, eventId, threadId }: NewReceipt, room: RoomIdentity): Promise<Checked> {
    const thread = checkThreadId(type, threadId);
    const event = await this.#deps.events.byId(eventId as EventId);
    const eventPosition = event?.position;
    if (event?.roomNid !== room.nid || event.status !== EventStatus.normal || eventPosition === undefined) {
      throw notFound('The room has no such event');
    }
    if (thread !== undefined && !(await this.#isIn(event, thread))) {
      throw invalidParam(`The event is not in the thread ${thread}`);
    }
    return { type, event, eventPosition, threadId: thread };
  }

  async #isIn(event: StoredEvent, threadId: string): Promise<boolean> {
    const { threads } = this.#deps;
    return threadId === MAIN ? (await threads.of(event)) === '' : threads.touches(event, threadId);
  }

  async #isAhead(userId: UserId, room: RoomIdentity, { type, eventPosition, threadId }: Checked): Promise<boolean> {
    const { store, accountData, events } = this.#deps;
    if (type !== 'm.fully_read') {
      const key = { room_nid: room.nid, user_id: userId, receipt_type: type, thread_id: threadId ?? '' };
      const known = await store.find(key);
      return known === undefined || known.event_position < eventPosition;
    }
    const known = (await accountData.get(userId, { roomId: room.roomId, type }))?.event_id;
    const event = typeof known === 'string' ? await events.byId(known as EventId) : undefined;
    return event?.position === undefined || event.position < eventPosition;
  }

  #write(batch: StreamBatch, userId: UserId, { nid, roomId }: RoomIdentity, checked: Checked): void {
    const { store, marks, accountData, clock } = this.#deps;
    const { type, event, eventPosition, threadId } = checked;
    if (type === 'm.fully_read') {
      accountData.put(batch, userId, { roomId, type }, { event_id: event.eventId });
      return;
    }
    const position = batch.nextPosition();
    const row: ReceiptRow = {
      room_nid: nid,
      user_id: userId,
      receipt_type: type,
      thread_id: threadId ?? '',
      event_id: event.eventId,
      event_position: eventPosition,
      ts: clock.now(),
      position,
    };
    batch.add(store.advance(row));
    const thread = threadId === MAIN ? '' : threadId;
    marks.advance(batch, { userId, roomNid: nid, thread, upTo: eventPosition, position });
    batch.wake(type === 'm.read' ? { roomId } : { userId });
    batch.afterAttempt(() => this.#changes.changed(roomId, position));
  }
}

function checkThreadId(type: NewReceipt['type'], threadId: unknown): string | undefined {
  if (threadId === undefined) return undefined;
  if (typeof threadId !== 'string' || threadId === '') throw invalidParam("'thread_id' must be a non-empty string");
  if (type === 'm.fully_read') throw invalidParam("'thread_id' does not go with m.fully_read");
  if (!fitsBytes(threadId, MAX_ID_BYTES)) throw invalidParam("'thread_id' is too long");
  return threadId;
}
