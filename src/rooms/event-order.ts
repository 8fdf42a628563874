import type { RoomEvent } from '#protocol/events/index.ts';
import type { EventId } from '#protocol/identifiers/index.ts';

/** The events, each once, after those among them that it names. Events that name each other in a circle come in any order. */
export function inEventOrder(
  events: ReadonlyMap<EventId, RoomEvent>,
  named: (event: RoomEvent) => Iterable<EventId>,
): RoomEvent[] {
  const order: RoomEvent[] = [];
  const seen = new Set<EventId>();
  for (const first of events.values()) {
    const path: { readonly event: RoomEvent; readonly before: Iterator<EventId> }[] = [];
    const enter = (event: RoomEvent) => {
      if (seen.has(event.eventId)) return;
      seen.add(event.eventId);
      path.push({ event, before: named(event)[Symbol.iterator]() });
    };
    enter(first);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.before.next();
      if (next.done) {
        order.push(top.event);
        path.pop();
        continue;
      }
      const event = events.get(next.value);
      if (event !== undefined) enter(event);
    }
  }
  return order;
}
