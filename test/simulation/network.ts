/** A network between homeservers in one process: it delays, loses, doubles and parts, all from one seed. */
import type { VirtualClock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Pdu } from '#protocol/events/index.ts';
import type { EventId, RoomId, ServerName } from '#protocol/identifiers/index.ts';
import type { IncomingPdu, ReceiptVerdict, StoredEvent } from '#rooms/index.ts';
import type { Homeserver } from './test-homeserver.ts';

interface Transaction {
  readonly from: ServerName;
  readonly to: ServerName;
  readonly pdus: readonly Pdu[];
  readonly at: number;
}

/** How bad the network is; each a probability. */
export interface Weather {
  readonly loss: number;
  readonly doubling: number;
}

const CALM: Weather = { loss: 0, doubling: 0 };
const MAX_DELAY_MS = 4_000;

export class Network {
  readonly servers = new Map<ServerName, Homeserver>();
  /** Servers of different groups do not reach each other. */
  readonly #group = new Map<ServerName, number>();
  #queue: Transaction[] = [];
  weather: Weather = CALM;
  /** The room that all is about. */
  roomId = '' as RoomId;

  constructor(
    private readonly clock: VirtualClock,
    private readonly random: Random,
  ) {}

  part(groupOf: (index: number) => number): void {
    for (const [index, name] of [...this.servers.keys()].entries()) this.#group.set(name, groupOf(index));
  }

  heal(): void {
    this.#group.clear();
    this.weather = CALM;
  }

  /** Sends events to every other server, each on its own way. */
  send(from: Homeserver, events: readonly StoredEvent[]): void {
    for (const to of this.servers.keys()) {
      if (to === from.name || this.random.number() < this.weather.loss) continue;
      const copies = this.random.number() < this.weather.doubling ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        const at = this.clock.now() + Math.floor(this.random.number() * MAX_DELAY_MS);
        this.#queue.push({ from: from.name, to, pdus: events.map(({ pdu }) => pdu), at });
      }
    }
  }

  /** Delivers what is due, in the order of its time; what is cut off by a partition is lost. */
  async deliverDue(): Promise<void> {
    const due = this.#queue.filter(({ at }) => at <= this.clock.now()).sort((a, b) => a.at - b.at);
    this.#queue = this.#queue.filter(({ at }) => at > this.clock.now());
    for (const { from, to, pdus } of due) {
      if (this.#reaches(from, to)) await this.deliver(this.servers.get(to)!, this.servers.get(from)!, pdus);
    }
  }

  async deliverAll(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.clock.advance(MAX_DELAY_MS);
      await this.deliverDue();
    }
  }

  /** What a server does with a transaction: take it in, and ask its sender for what is missing. */
  async deliver(to: Homeserver, from: Homeserver, pdus: readonly Pdu[]): Promise<readonly ReceiptVerdict[]> {
    const verdicts = await this.#receive(to, from, pdus);
    const missing = verdicts.flatMap((verdict) => (verdict.kind === 'missing' ? verdict.missing : []));
    if (missing.length === 0) return verdicts;
    const gap = await this.#ancestors(to, from, missing);
    await this.#receive(to, from, this.#shuffled(gap));
    return this.#receive(to, from, pdus);
  }

  /** Events by id of anybody who can be reached: what a server asks for. */
  async fetch(by: ServerName, eventIds: readonly EventId[]): Promise<IncomingPdu[]> {
    const found = new Map<EventId, IncomingPdu>();
    for (const server of this.servers.values()) {
      if (server.name === by || !this.#reaches(server.name, by)) continue;
      for (const event of (await server.rooms.events.byIds(eventIds)).values()) {
        found.set(event.eventId, { json: event.pdu });
      }
    }
    return [...found.values()];
  }

  #receive(to: Homeserver, from: Homeserver, pdus: readonly Pdu[]): Promise<ReceiptVerdict[]> {
    const copies = pdus.map((pdu) => ({ json: JSON.parse(JSON.stringify(pdu)) as unknown }));
    return to.rooms.engine.receive(this.roomId, copies, { origin: from.name });
  }

  /** The events that `to` lacks below these, as `from` has them. */
  async #ancestors(to: Homeserver, from: Homeserver, ids: readonly EventId[]): Promise<Pdu[]> {
    const found = new Map<EventId, Pdu>();
    let level = ids;
    while (level.length > 0) {
      const known = await to.rooms.events.byIds(level);
      const wanted = level.filter((id) => !found.has(id) && known.get(id)?.stateBefore === undefined);
      const events = await from.rooms.events.byIds(wanted);
      for (const event of events.values()) found.set(event.eventId, event.pdu);
      level = [...events.values()].flatMap(({ prevEventIds }) => prevEventIds);
    }
    return [...found.values()];
  }

  #reaches(a: ServerName, b: ServerName): boolean {
    return this.#group.get(a) === this.#group.get(b);
  }

  #shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, order: this.random.number() }))
      .sort((a, b) => a.order - b.order)
      .map(({ item }) => item);
  }
}
