import { type CompiledEventFilter, matchesEvent, type Relation } from '#protocol/filters/index.ts';
import { isJsonObject } from '#protocol/json.ts';
import type { StoredEvent } from './stored-event.ts';

/** Which events relate to each of the given ones, by interned id. Asked only for filters that need it. */
export type RelationsOf = (events: readonly StoredEvent[]) => Promise<ReadonlyMap<number, readonly Relation[]>>;

/** Those of `items` whose event passes a client's filter, in the same order. */
export async function filterEvents<T>(
  filter: CompiledEventFilter,
  items: readonly T[],
  eventOf: (item: T) => StoredEvent,
  relationsOf: RelationsOf,
): Promise<T[]> {
  if (filter.passesAll) return [...items];
  const relations = filter.needsRelations ? await relationsOf(items.map(eventOf)) : undefined;
  return items.filter((item) => {
    const event = eventOf(item);
    const { type, sender, roomId } = event;
    // Parsed only by filters that look into the content.
    const looksInside = filter.containsUrl !== undefined || !filter.relTypes.passesAll;
    const content = looksInside ? event.content : undefined;
    return matchesEvent(filter, {
      type,
      sender,
      roomId,
      content,
      relType: relTypeOf(content),
      relations: relations?.get(event.nid),
    });
  });
}

function relTypeOf(content: StoredEvent['content'] | undefined): string | undefined {
  const relation = content?.['m.relates_to'];
  return isJsonObject(relation) && typeof relation.rel_type === 'string' ? relation.rel_type : undefined;
}
