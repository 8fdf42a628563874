import type { Clock } from '#platform/clock/index.ts';
import { BatchConflict } from '#platform/storage/index.ts';
import type { Statement } from '#platform/storage/ports.ts';
import { invalidParam } from '#protocol/errors.ts';
import { type EventId, fitsBytes, type UserId } from '#protocol/identifiers/index.ts';
import type { EventReader } from './client-events.ts';
import type { Contribution } from './draft.ts';
import type { EventStore } from './event-store.ts';
import type { EventRequest, EventTransactionStore } from './event-transaction-store.ts';
import { RequestFilter } from './request-filter.ts';
import type { StoredEvent } from './stored-event.ts';

/** How long a repeated request finds its event, and readers its transaction id. */
const KEPT_MS = 24 * 3_600_000;
const MAX_TXN_ID_BYTES = 512;
/** A device's requests read at its first one; with more than that, each new request is looked up. */
const LOADED_MAX = 500;
/** Requests remembered of one device, and of all. */
const DEVICE_MAX = 20_000;
const TOTAL_MAX = 150_000;
const NO_IDS: ReadonlyMap<number, string> = new Map();

/**
 * Transaction ids of sent events: a request that is repeated gets the event of the first one, also when both come at once
 * and after a restart, and the sending device finds the id in `unsigned.transaction_id`. A device's requests are in memory
 * from its first one on, so that sending reads nothing from the database.
 * https://spec.matrix.org/v1.19/client-server-api/#transaction-identifiers
 */
export class EventTransactions {
  /** Most recently used last. */
  readonly #devices = new Map<string, DeviceRequests>();
  #total = 0;

  constructor(
    private readonly store: EventTransactionStore,
    private readonly events: EventStore,
    private readonly clock: Clock,
  ) {}

  /**
   * The event of this request: that of `send` if the request is new. `send` must add what it is given to the batch of its
   * event. If it throws, the request counts as never made.
   * @throws MatrixError 400 `M_INVALID_PARAM` for a transaction id of more than 512 bytes.
   */
  async once(request: EventRequest, send: (contribute: Contribution) => Promise<StoredEvent>): Promise<EventId> {
    if (!fitsBytes(request.txnId, MAX_TXN_ID_BYTES)) throw invalidParam('The transaction id is too long');
    const device = this.#device(request.userId, request.deviceId);
    if (device.loading !== undefined) await device.loading;
    const scope = device.scope(request);
    // `undefined`: new, as far as memory goes. Claimed before anything is awaited, so that there is one sender.
    let nid = scope.get(request.txnId);
    if (nid === undefined) {
      nid = this.#send(request, device, send).then(
        (sent) => {
          if (scope.has(request.txnId)) scope.set(request.txnId, sent);
          return sent;
        },
        (error: unknown) => {
          scope.delete(request.txnId);
          throw error;
        },
      );
      scope.set(request.txnId, nid);
    }
    const sent = typeof nid === 'number' ? nid : await nid;
    return (this.events.peek(sent) ?? (await this.events.byNid(sent))).eventId;
  }

  /** For `UnsignedSources`: the ids under which this device sent some of the events. */
  async transactionIds(events: readonly StoredEvent[], reader: EventReader): Promise<ReadonlyMap<number, string>> {
    const { userId, deviceId } = reader;
    if (deviceId === undefined) return NO_IDS;
    const since = this.clock.now() - KEPT_MS;
    const own = events.filter((event) => event.sender === userId && !event.isState && event.originServerTs > since);
    if (own.length === 0) return NO_IDS;
    const device = this.#device(userId, deviceId);
    if (device.loading !== undefined) await device.loading;
    const ids = new Map<number, string>();
    const missing: StoredEvent[] = [];
    for (const event of own) {
      const id = device.txnIds.get(event.nid);
      if (id !== undefined) ids.set(event.nid, id);
      else if (!device.isComplete || device.hasForgotten) missing.push(event);
    }
    for (const row of await this.store.byEvents(missing, userId, deviceId)) ids.set(row.event_nid, row.txn_id);
    return ids;
  }

  /** Drops what no client repeats any more. To be run every hour or so. */
  prune(): Statement {
    return this.store.deleteBefore(this.clock.now() - KEPT_MS);
  }

  async #send(
    request: EventRequest,
    device: DeviceRequests,
    send: (contribute: Contribution) => Promise<StoredEvent>,
  ): Promise<number> {
    if (device.mayHaveForgotten(request)) {
      const earlier = await this.store.find(request);
      if (earlier !== undefined) return earlier;
    }
    const { txnId } = request;
    try {
      const event = await send((batch, { nid }) => {
        batch.add(this.store.insert(nid, request, this.clock.now()));
        batch.afterCommit(() => this.#remember(device, nid, txnId));
      });
      return event.nid;
    } catch (error) {
      // Another process may have been faster with the same request.
      const earlier = error instanceof BatchConflict ? await this.store.find(request) : undefined;
      if (earlier === undefined) throw error;
      return earlier;
    }
  }

  #device(userId: UserId, deviceId: string): DeviceRequests {
    const key = `${userId} ${deviceId}`;
    let device = this.#devices.get(key);
    if (device !== undefined) this.#devices.delete(key);
    else {
      device = new DeviceRequests();
      device.loading = this.#load(device, key, userId, deviceId);
    }
    this.#devices.set(key, device);
    return device;
  }

  async #load(device: DeviceRequests, key: string, userId: UserId, deviceId: string): Promise<void> {
    try {
      const rows = await this.store.ofDevice(userId, deviceId, LOADED_MAX);
      device.isComplete = rows.length < LOADED_MAX;
      for (const { event_nid, room_nid, operation, txn_id } of rows) {
        device.scope({ roomNid: room_nid, operation }).set(txn_id, event_nid);
        this.#remember(device, event_nid, txn_id);
      }
    } catch (error) {
      this.#devices.delete(key);
      throw error;
    } finally {
      device.loading = undefined;
    }
  }

  #remember(device: DeviceRequests, nid: number, txnId: string): void {
    device.txnIds.set(nid, txnId);
    this.#total++;
    if (device.txnIds.size > DEVICE_MAX) this.#total -= device.clear();
    for (const [key, oldest] of this.#devices) {
      if (this.#total <= TOTAL_MAX || oldest === device) break;
      this.#devices.delete(key);
      this.#total -= oldest.txnIds.size;
    }
  }
}

/** What one device has sent of late. */
class DeviceRequests {
  loading: Promise<void> | undefined;
  /** Whether all requests of before its first one here were read. */
  isComplete = false;
  /** Whether some were dropped since. */
  hasForgotten = false;
  #forgotten: RequestFilter | undefined;
  readonly txnIds = new Map<number, string>();
  /** By room and operation, then by transaction id: the event, or who is sending it. */
  readonly #scopes = new Map<string, Map<string, number | Promise<number>>>();

  scope({ roomNid, operation }: Pick<EventRequest, 'roomNid' | 'operation'>): Map<string, number | Promise<number>> {
    const key = `${roomNid} ${operation}`;
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    const scope = new Map<string, number | Promise<number>>();
    this.#scopes.set(key, scope);
    return scope;
  }

  /** Whether a request that is not here may be in the database all the same. */
  mayHaveForgotten({ roomNid, operation, txnId }: EventRequest): boolean {
    return !this.isComplete || this.#forgotten?.has(`${roomNid} ${operation} ${txnId}`) === true;
  }

  /** Forgets all that is in the database but for a trace. Answers how much that was. */
  clear(): number {
    const { size } = this.txnIds;
    this.#forgotten ??= new RequestFilter();
    this.hasForgotten = true;
    this.txnIds.clear();
    for (const [key, scope] of this.#scopes) {
      for (const [txnId, nid] of scope) {
        if (typeof nid !== 'number') continue;
        this.#forgotten.add(`${key} ${txnId}`);
        scope.delete(txnId);
      }
      if (scope.size === 0) this.#scopes.delete(key);
    }
    return size;
  }
}
