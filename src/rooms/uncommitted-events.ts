import type { EventId } from '#protocol/identifiers/index.ts';
import type { EventStore } from './event-store.ts';
import type { StoredEvent } from './stored-event.ts';

/** A room's events that have been built and not yet been committed, and so are not in the database for certain. */
export class UncommittedEvents {
  readonly #byId = new Map<EventId, StoredEvent>();
  readonly #byNid = new Map<number, StoredEvent>();

  constructor(private readonly events: EventStore) {}

  add(event: StoredEvent): void {
    this.#byId.set(event.eventId, event);
    this.#byNid.set(event.nid, event);
  }

  /** Once it is committed, or never will be. */
  remove(event: StoredEvent): void {
    if (this.#byId.get(event.eventId) !== event) return;
    this.#byId.delete(event.eventId);
    this.#byNid.delete(event.nid);
  }

  get(eventId: EventId): StoredEvent | undefined {
    return this.#byId.get(eventId);
  }

  values(): Iterable<StoredEvent> {
    return this.#byId.values();
  }

  /** Those of the events that are known, committed or not. */
  async find(eventIds: readonly EventId[]): Promise<Map<EventId, StoredEvent>> {
    const found = await this.events.byIds(eventIds.filter((eventId) => !this.#byId.has(eventId)));
    for (const eventId of eventIds) {
      const event = this.#byId.get(eventId);
      if (event !== undefined) found.set(eventId, event);
    }
    return found;
  }

  /** Events that state trees hold. */
  async byNids(nids: readonly number[]): Promise<Map<number, StoredEvent>> {
    const found = await this.events.byNids(nids.filter((nid) => !this.#byNid.has(nid)));
    for (const nid of nids) {
      const event = this.#byNid.get(nid);
      if (event !== undefined) found.set(nid, event);
    }
    return found;
  }
}
