import type { EventId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import type { EventStore, StoredEvent } from '#rooms/index.ts';

/** The main timeline, among threads that are named by their root's event id. */
export const MAIN_THREAD = '';

/** How far relations are followed. */
const MAX_HOPS = 3;

type Related = Pick<StoredEvent, 'roomNid' | 'content'>;

/**
 * Which thread an event belongs to.
 * https://spec.matrix.org/v1.19/client-server-api/#threaded-read-receipts
 */
export class Threads {
  constructor(private readonly events: Pick<EventStore, 'byId'>) {}

  /** Event id of the thread's root, or `MAIN_THREAD`. At once for events that relate to nothing. */
  of(event: Related): string | Promise<string> {
    const relation = relationOf(event.content);
    if (relation === undefined) return MAIN_THREAD;
    return relation.type === 'm.thread' ? relation.parent : this.#follow(event, relation.parent);
  }

  /** Whether an event belongs to the thread of `root`, is that root, or relates to it in whatever way. */
  async touches(event: StoredEvent, root: string): Promise<boolean> {
    let next: StoredEvent | undefined = event;
    for (let hop = 0; next !== undefined && hop <= MAX_HOPS; hop++) {
      if (next.eventId === root) return true;
      const relation = relationOf(next.content);
      next = relation === undefined ? undefined : await this.#parent(next, relation.parent);
    }
    return false;
  }

  async #follow(event: Related, parentId: EventId): Promise<string> {
    let parent = await this.#parent(event, parentId);
    for (let hop = 1; parent !== undefined && hop < MAX_HOPS; hop++) {
      const relation = relationOf(parent.content);
      if (relation === undefined) break;
      if (relation.type === 'm.thread') return relation.parent;
      parent = await this.#parent(parent, relation.parent);
    }
    return MAIN_THREAD;
  }

  async #parent(event: Related, eventId: EventId): Promise<StoredEvent | undefined> {
    const parent = await this.events.byId(eventId);
    return parent?.roomNid === event.roomNid ? parent : undefined;
  }
}

function relationOf(content: JsonObject): { readonly type: string; readonly parent: EventId } | undefined {
  const relation = content['m.relates_to'];
  if (!isJsonObject(relation)) return undefined;
  const { rel_type: type, event_id: parent } = relation;
  return typeof type === 'string' && typeof parent === 'string' ? { type, parent: parent as EventId } : undefined;
}
