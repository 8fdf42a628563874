import type { RoomEvent } from '../events/pdu.ts';
import type { EventId } from '../identifiers/index.ts';
import { readPowerLevels } from '../power-levels/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { createEventIdOf } from './create-event-id.ts';
import { compareEventIds } from './event-id-order.ts';
import { CHUNK, load, PAUSE } from './pacing.ts';
import { PriorityQueue } from './priority-queue.ts';
import type { Lookup, Resolution } from './sources.ts';

/** An event to be sorted. */
interface Vertex {
  readonly event: RoomEvent;
  readonly senderLevel: number;
  /** How many of its auth events are still to come. */
  waitingFor: number;
  /** The events to be sorted that have it among their auth events. */
  readonly citedBy: Vertex[];
}

/**
 * Reverse topological power ordering: auth events first, and among what may come next the event whose sender has the greater
 * power level by its own auth events, then the older, then the lesser event id. Kahn's algorithm.
 * https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function* reverseTopologicalPowerOrder(
  events: ReadonlyMap<EventId, RoomEvent>,
  lookup: Lookup<RoomEvent>,
  rules: RoomVersionRules,
): Resolution<RoomEvent[]> {
  yield* load('load', referencesOf(events.values(), rules), lookup);
  const vertices = new Map<EventId, Vertex>();
  let steps = 0;
  for (const event of events.values()) {
    vertices.set(event.eventId, { event, senderLevel: senderLevel(event, lookup, rules), waitingFor: 0, citedBy: [] });
    if (++steps % CHUNK === 0) yield PAUSE;
  }
  yield* connect(vertices);

  const ready = new PriorityQueue(compareVertices);
  for (const vertex of vertices.values()) if (vertex.waitingFor === 0) ready.push(vertex);
  const order: RoomEvent[] = [];
  for (let vertex = ready.pop(); vertex !== undefined; vertex = ready.pop()) {
    order.push(vertex.event);
    for (const above of vertex.citedBy) if (--above.waitingFor === 0) ready.push(above);
    if (order.length % CHUNK === 0) yield PAUSE;
  }
  return order;
}

function* connect(vertices: ReadonlyMap<EventId, Vertex>): Resolution<void> {
  let steps = 0;
  for (const vertex of vertices.values()) {
    for (const authEventId of new Set(vertex.event.authEventIds)) {
      const below = vertices.get(authEventId);
      if (below === undefined) continue;
      below.citedBy.push(vertex);
      vertex.waitingFor++;
    }
    if (++steps % CHUNK === 0) yield PAUSE;
  }
}

function compareVertices(x: Vertex, y: Vertex): number {
  // 1. By comparison, not by difference: creators of room version 12 have infinite power.
  if (x.senderLevel !== y.senderLevel) return x.senderLevel > y.senderLevel ? -1 : 1;
  return compareByAge(x.event, y.event);
}

/** Rules 2 and 3 of both orderings: the older first, then the lesser event id. */
export function compareByAge(x: RoomEvent, y: RoomEvent): number {
  if (x.originServerTs !== y.originServerTs) return x.originServerTs < y.originServerTs ? -1 : 1;
  return compareEventIds(x.eventId, y.eventId);
}

/** The sender's power level "when looking at" the auth events of the event. */
function senderLevel(event: RoomEvent, lookup: Lookup<RoomEvent>, rules: RoomVersionRules): number {
  let powerLevels: RoomEvent | undefined;
  let create = rules.roomIdIsCreateHash ? lookup.get(createEventIdOf(event)) : undefined;
  for (const authEventId of event.authEventIds) {
    const authEvent = lookup.get(authEventId);
    if (authEvent?.stateKey !== '') continue;
    if (authEvent.type === 'm.room.power_levels') powerLevels ??= authEvent;
    if (authEvent.type === 'm.room.create') create ??= authEvent;
  }
  return readPowerLevels(powerLevels, create, rules).userLevel(event.sender);
}

function* referencesOf(events: Iterable<RoomEvent>, rules: RoomVersionRules): Iterable<EventId> {
  for (const event of events) {
    if (rules.roomIdIsCreateHash) yield createEventIdOf(event);
    yield* event.authEventIds;
  }
}
