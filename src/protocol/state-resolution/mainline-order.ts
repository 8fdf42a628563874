import type { RoomEvent } from '../events/pdu.ts';
import type { EventId } from '../identifiers/index.ts';
import { CHUNK, load, PAUSE } from './pacing.ts';
import { compareByAge } from './power-order.ts';
import { PriorityQueue } from './priority-queue.ts';
import type { AuthNode, Lookup, Resolution } from './sources.ts';

/** The mainline position of an event whose power levels never meet the mainline. */
const OFF_MAINLINE = Number.POSITIVE_INFINITY;

/**
 * Mainline ordering based on `powerLevelsId`, the `m.room.power_levels` event P of the partially resolved state: the events
 * whose power levels meet the mainline of P furthest back come first, then the older, then the lesser event id.
 * https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function* mainlineOrder(
  events: readonly RoomEvent[],
  powerLevelsId: EventId | undefined,
  graph: Lookup<AuthNode>,
): Resolution<RoomEvent[]> {
  const mainline = new Mainline(powerLevelsId, graph);
  const queue = new PriorityQueue<{ event: RoomEvent; position: number }>((x, y) =>
    x.position === y.position ? compareByAge(x.event, y.event) : x.position > y.position ? -1 : 1,
  );
  yield* load('load-auth-nodes', idsOf(events, powerLevelsId), graph);
  let steps = 0;
  for (const event of events) {
    queue.push({ event, position: yield* mainline.positionOf(event) });
    if (++steps % CHUNK === 0) yield PAUSE;
  }
  const order: RoomEvent[] = [];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    order.push(next.event);
    if (order.length % CHUNK === 0) yield PAUSE;
  }
  return order;
}

function* idsOf(events: readonly RoomEvent[], powerLevelsId: EventId | undefined): Iterable<EventId> {
  if (powerLevelsId !== undefined) yield powerLevelsId;
  for (const event of events) yield* event.authEventIds;
}

/** The mainline of P, fetched only as far back as a position asks for. */
class Mainline {
  /** Positions known: of the mainline's own events, and of power levels off it that have been followed. */
  private readonly positions = new Map<EventId, number>();
  private length = 0;
  /** P₍length₎, the first not fetched. */
  private next: EventId | undefined;
  private steps = 0;

  constructor(
    powerLevelsId: EventId | undefined,
    private readonly graph: Lookup<AuthNode>,
  ) {
    this.next = powerLevelsId;
  }

  /** The index of the first event on the mainline among e₁, e₂, …, where e is `event`. */
  *positionOf(event: RoomEvent): Resolution<number> {
    const followed: EventId[] = [];
    let position: number | undefined;
    let current = yield* this.powerLevelsOf(event.authEventIds);
    while (current !== undefined && position === undefined) {
      yield* this.extendTo(this.graph.get(current)?.authRank ?? 0);
      position = this.positions.get(current);
      if (position !== undefined) break;
      followed.push(current);
      current = yield* this.powerLevelsOf(this.graph.get(current)?.authEventIds ?? []);
    }
    position ??= OFF_MAINLINE;
    for (const eventId of followed) this.positions.set(eventId, position);
    return position;
  }

  /** Fetches the mainline down to `rank`: ranks fall along it, so what lies further back cannot be an event of that rank. */
  private *extendTo(rank: number): Resolution<void> {
    while (this.next !== undefined) {
      const node = this.graph.get(this.next);
      if (node === undefined || node.authRank < rank) return;
      this.positions.set(this.next, this.length++);
      this.next = yield* this.powerLevelsOf(node.authEventIds);
    }
  }

  /** The `m.room.power_levels` event among auth events. */
  private *powerLevelsOf(authEventIds: readonly EventId[]): Resolution<EventId | undefined> {
    yield* load('load-auth-nodes', authEventIds, this.graph);
    if (++this.steps % CHUNK === 0) yield PAUSE;
    return authEventIds.find((eventId) => {
      const node = this.graph.get(eventId);
      return node?.type === 'm.room.power_levels' && node.stateKey === '';
    });
  }
}
