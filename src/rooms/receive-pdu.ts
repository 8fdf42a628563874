import type { Clock } from '#platform/clock/index.ts';
import { createEventIdOfRoom, type RoomEvent } from '#protocol/events/index.ts';
import type { EventId, RoomId, ServerName } from '#protocol/identifiers/index.ts';
import type { RoomVersionRules } from '#protocol/room-versions/index.ts';
import { PublicKeyCache } from '#protocol/signing/index.ts';
import { checkPdu } from './check-pdu.ts';
import { inEventOrder } from './event-order.ts';
import type { EventStore } from './event-store.ts';
import type { CheckedEvent, IncomingPdu, ReceiptVerdict, ReceiveOptions, ReceivingPorts } from './incoming-pdu.ts';
import { Pacer } from './pacer.ts';

/** Imported keys of servers. */
const KEYS_MAX = 2_000;
/** Checked at once: around five milliseconds of signatures. */
const CHECKED_AT_ONCE = 25;
/** Of the auth events that one call may fetch, and of the requests for them. */
const FETCHED_MAX = 5_000;
const FETCHES_MAX = 50;

export interface ReceivedRoom {
  readonly roomId: RoomId;
  readonly rules: RoomVersionRules;
}

/** Events that have passed the checks which need no state, in an order in which they can be taken in. */
export interface CheckedPdus {
  /** What became of those that did not pass, by their place in the call. */
  readonly dropped: ReadonlyMap<number, ReceiptVerdict>;
  /** The event at each other place. */
  readonly eventIds: ReadonlyMap<number, EventId>;
  readonly outliers: readonly RoomEvent[];
  readonly events: readonly CheckedEvent[];
}

/**
 * The part of receiving events that goes on outside the room's queue, since it may wait for other servers: format,
 * signatures and hashes, fetching auth events that are not here, asking the policy server.
 * https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export class PduChecks {
  readonly #keyCache = new PublicKeyCache(KEYS_MAX);

  constructor(
    private readonly ports: ReceivingPorts,
    private readonly events: EventStore,
    private readonly clock: Clock,
  ) {}

  async check(room: ReceivedRoom, pdus: readonly IncomingPdu[], { origin }: ReceiveOptions): Promise<CheckedPdus> {
    const pacer = new Pacer(this.clock);
    const dropped = new Map<number, ReceiptVerdict>();
    const eventIds = new Map<number, EventId>();
    const events = new Map<EventId, RoomEvent>();
    for (let at = 0; at < pdus.length; at += CHECKED_AT_ONCE) {
      const part = pdus.slice(at, at + CHECKED_AT_ONCE);
      const checks = await Promise.all(part.map((pdu) => checkPdu(pdu, room, this.ports.keys, this.#keyCache)));
      for (const [index, check] of checks.entries()) {
        if (check.ok) {
          eventIds.set(at + index, check.event.eventId);
          if (!events.has(check.event.eventId)) events.set(check.event.eventId, check.event);
        } else {
          dropped.set(at + index, { kind: 'dropped', reason: check.reason });
        }
      }
      await pacer.turn();
    }
    const fresh = await this.#withoutKnown(events);
    const outliers = await this.#missingAuthEvents(room, fresh, origin, pacer);
    const ordered = inEventOrder(events, (event) => [...event.prevEventIds, ...event.authEventIds]);
    const refusals = await this.#refusals(room, fresh);
    return {
      dropped,
      eventIds,
      outliers,
      events: ordered.map((event) => ({ event, refusal: refusals.get(event.eventId) })),
    };
  }

  /** Those that are not stored with their place in the room. */
  async #withoutKnown(events: ReadonlyMap<EventId, RoomEvent>): Promise<Map<EventId, RoomEvent>> {
    const stored = await this.events.byIds([...events.keys()]);
    return new Map([...events].filter(([eventId]) => stored.get(eventId)?.stateBefore === undefined));
  }

  /** Auth events of the events, and theirs, that are not stored, as far as they can be had; each after those it names. */
  async #missingAuthEvents(
    room: ReceivedRoom,
    events: ReadonlyMap<EventId, RoomEvent>,
    origin: ServerName | undefined,
    pacer: Pacer,
  ): Promise<readonly RoomEvent[]> {
    const { authEvents } = this.ports;
    if (authEvents === undefined) return [];
    /** What other servers gave, whether asked for or not; of it only what is needed is taken. */
    const given = new Map<EventId, RoomEvent>();
    const needed = new Map<EventId, RoomEvent>();
    let wanted = await this.#unknown(events.values(), room, (id) => events.has(id));
    for (let fetches = 0; wanted.length > 0 && needed.size < FETCHED_MAX; ) {
      const missing = wanted.filter((eventId) => !given.has(eventId));
      if (missing.length > 0 && fetches++ < FETCHES_MAX) {
        for (const pdu of await authEvents.fetch(room.roomId, missing, origin)) {
          const check = await checkPdu(pdu, room, this.ports.keys, this.#keyCache);
          if (check.ok) given.set(check.event.eventId, check.event);
          await pacer.turn();
        }
      }
      const got = wanted.map((eventId) => given.get(eventId)).filter((event) => event !== undefined);
      for (const event of got) needed.set(event.eventId, event);
      wanted = await this.#unknown(got, room, (id) => events.has(id) || needed.has(id));
    }
    return inEventOrder(needed, (event) => event.authEventIds);
  }

  async #unknown(
    events: Iterable<RoomEvent>,
    room: ReceivedRoom,
    isAtHand: (eventId: EventId) => boolean,
  ): Promise<EventId[]> {
    const ids = new Set<EventId>();
    for (const event of events) {
      for (const eventId of event.authEventIds) if (!isAtHand(eventId)) ids.add(eventId);
      if (!room.rules.roomIdIsCreateHash || event.type === 'm.room.create') continue;
      const create = createEventIdOfRoom(room.roomId);
      if (!isAtHand(create)) ids.add(create);
    }
    const stored = await this.events.byIds([...ids]);
    return [...ids].filter((eventId) => !stored.has(eventId));
  }

  async #refusals(room: ReceivedRoom, events: ReadonlyMap<EventId, RoomEvent>): Promise<Map<EventId, string>> {
    const { policyServers } = this.ports;
    const refusals = new Map<EventId, string>();
    if (policyServers === undefined) return refusals;
    await Promise.all(
      [...events.values()].map(async ({ eventId, pdu }) => {
        const refusal = await policyServers.refusalOf(room.roomId, pdu);
        if (refusal !== undefined) refusals.set(eventId, refusal);
      }),
    );
    return refusals;
  }
}
