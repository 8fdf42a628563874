import type { Transactor } from '#platform/storage/ports.ts';
import { ChangeCache, type StreamBatch, type StreamPosition, type Streams } from '#platform/streams/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { ToDeviceStore } from './to-device-store.ts';

/** https://spec.matrix.org/v1.19/client-server-api/#extensions-to-sync */
export interface ToDeviceEvent {
  readonly sender: UserId;
  readonly type: string;
  readonly content: JsonObject;
}

export interface Recipient {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly content: JsonObject;
}

export interface InboxPage {
  /** Events as JSON text, oldest first. */
  readonly messages: readonly string[];
  /** Everything up to here is in `messages`: the position to read on from, and to acknowledge when they have arrived. */
  readonly upTo: StreamPosition;
  /** There is more than `messages`, up to the position asked for. */
  readonly hasMore: boolean;
}

const CACHED_DEVICES = 100_000;

/** The messages that wait for each device until it acknowledges them. */
export class Inbox {
  readonly #arrivals: ChangeCache<string>;
  /** Up to where a device's inbox is known to be empty. */
  readonly #cleared = new Map<string, StreamPosition>();

  constructor(
    private readonly store: ToDeviceStore,
    private readonly transactor: Transactor,
    private readonly streams: Pick<Streams, 'current'>,
  ) {
    this.#arrivals = new ChangeCache(streams.current(), CACHED_DEVICES);
  }

  /** Puts a message into each inbox with this batch; all have one position, so no device may be there twice. */
  deliver(batch: StreamBatch, sender: UserId, type: string, recipients: readonly Recipient[]): void {
    if (recipients.length === 0) return;
    const position = batch.nextPosition();
    for (const { userId, deviceId, content } of recipients) {
      const event: ToDeviceEvent = { sender, type, content };
      batch.add(this.store.put(userId, deviceId, position, JSON.stringify(event)));
    }
    batch.wake(...[...new Set(recipients.map(({ userId }) => userId))].map((userId) => ({ userId })));
    batch.afterAttempt(() => {
      for (const { userId, deviceId } of recipients) this.#arrivals.changed(keyOf(userId, deviceId), position);
    });
  }

  /** The oldest messages after `since` up to `upTo`, at most `limit`. */
  messagesFor(
    userId: UserId,
    deviceId: DeviceId,
    since: StreamPosition,
    upTo: StreamPosition,
    limit: number,
  ): InboxPage | Promise<InboxPage> {
    if (since >= upTo || !this.#arrivals.hasChanged(keyOf(userId, deviceId), since)) {
      return { messages: [], upTo, hasMore: false };
    }
    return this.#read(userId, deviceId, since, upTo, limit);
  }

  async #read(
    userId: UserId,
    deviceId: DeviceId,
    since: StreamPosition,
    upTo: StreamPosition,
    limit: number,
  ): Promise<InboxPage> {
    const rows = await this.store.between(userId, deviceId, since, upTo, limit + 1);
    const page = rows.slice(0, limit);
    const hasMore = rows.length > limit;
    return {
      messages: page.map((row) => row.message),
      upTo: hasMore ? (page.at(-1)?.position ?? since) : upTo,
      hasMore,
    };
  }

  /** The device has everything up to `upTo`: that is deleted. Costs nothing when nothing can be there. */
  acknowledge(userId: UserId, deviceId: DeviceId, position: StreamPosition): void | Promise<void> {
    // A made-up token must not acknowledge what is still to come.
    const upTo = Math.min(position, this.streams.current());
    const key = keyOf(userId, deviceId);
    const cleared = this.#cleared.get(key);
    // What was empty then, and has got nothing since, is empty still.
    if (cleared !== undefined && (upTo <= cleared || !this.#arrivals.hasChanged(key, cleared))) return;
    return this.#clear(userId, deviceId, upTo);
  }

  async #clear(userId: UserId, deviceId: DeviceId, upTo: StreamPosition): Promise<void> {
    const key = keyOf(userId, deviceId);
    await this.transactor.commit((batch) => batch.add(this.store.removeUpTo(userId, deviceId, upTo)));
    this.#cleared.delete(key);
    this.#cleared.set(key, upTo);
    for (const oldest of this.#cleared.keys()) {
      if (this.#cleared.size <= CACHED_DEVICES) break;
      this.#cleared.delete(oldest);
    }
  }
}

function keyOf(userId: UserId, deviceId: DeviceId): string {
  return `${userId}\0${deviceId}`;
}
