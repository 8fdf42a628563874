import { createHash } from 'node:crypto';
import { authorizeEvent } from '../event-auth/index.ts';
import type { RoomEvent } from '../events/pdu.ts';
import type { EventId } from '../identifiers/index.ts';
import { readPowerLevels } from '../power-levels/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { type StateMapKey, stateMapKey, stateMapKeyOf } from './index.ts';
import type { State } from './test-dag.ts';

/**
 * The spec's definitions taken word by word, on whole states and whole auth chains, at whatever cost: what the real
 * implementation is compared with.
 */
export class Oracle {
  constructor(
    private readonly nodes: ReadonlyMap<EventId, RoomEvent>,
    private readonly rules: RoomVersionRules,
  ) {}

  resolve(forks: readonly State[]): Map<StateMapKey, EventId> {
    return this.rules.stateResolution === 'v1' ? this.resolveV1(forks) : this.resolveV2(forks);
  }

  authDifference(forks: readonly State[]): Set<EventId> {
    const chains = forks.map((state) => this.chain([...state.values()]));
    const union = chains.flatMap((chain) => [...chain]);
    return new Set(union.filter((eventId) => !chains.every((chain) => chain.has(eventId))));
  }

  conflictedStateSubgraph(conflicted: ReadonlySet<EventId>): Set<EventId> {
    const below = this.chain([...conflicted]);
    const leads = (eventId: EventId) => [...this.chain([eventId])].some((other) => conflicted.has(other));
    return new Set([...conflicted, ...[...below].filter(leads)]);
  }

  /** The auth chain of some events, without them unless one is in the chain of another. */
  private chain(eventIds: readonly EventId[]): Set<EventId> {
    const chain = new Set<EventId>();
    const work = [...eventIds];
    for (let eventId = work.pop(); eventId !== undefined; eventId = work.pop()) {
      for (const below of this.event(eventId).authEventIds) {
        if (chain.has(below)) continue;
        chain.add(below);
        work.push(below);
      }
    }
    return chain;
  }

  private resolveV2(forks: readonly State[]): Map<StateMapKey, EventId> {
    const isV21 = this.rules.stateResolution === 'v2.1';
    const { unconflicted, conflicted } = split(forks);
    const conflictedSet = new Set([...conflicted.values()].flat());
    const subgraph = isV21 ? this.conflictedStateSubgraph(conflictedSet) : conflictedSet;
    const full = new Set([...subgraph, ...(conflictedSet.size > 0 ? this.authDifference(forks) : [])]);

    const x = new Set<EventId>();
    const addWithChain = (eventId: EventId): void => {
      x.add(eventId);
      for (const below of this.event(eventId).authEventIds) if (full.has(below) && !x.has(below)) addWithChain(below);
    };
    for (const eventId of full) if (this.isPowerEvent(this.event(eventId))) addWithChain(eventId);

    const state = new Map(isV21 ? [] : unconflicted);
    this.iterativeAuthChecks(this.powerOrder(x), state);
    const rest = [...full].filter((eventId) => !x.has(eventId));
    this.iterativeAuthChecks(this.mainlineOrder(rest, state.get(stateMapKey('m.room.power_levels', ''))), state);
    for (const [key, eventId] of unconflicted) state.set(key, eventId);
    return state;
  }

  private isPowerEvent({ type, sender, stateKey, content: { membership } }: RoomEvent): boolean {
    if (type === 'm.room.member') return (membership === 'leave' || membership === 'ban') && sender !== stateKey;
    return type === 'm.room.power_levels' || type === 'm.room.join_rules';
  }

  private powerOrder(x: ReadonlySet<EventId>): EventId[] {
    const left = new Set(x);
    const order: EventId[] = [];
    while (left.size > 0) {
      const ready = [...left].filter((eventId) => !this.event(eventId).authEventIds.some((below) => left.has(below)));
      ready.sort((a, b) => {
        const [levelA, levelB] = [this.senderLevel(a), this.senderLevel(b)];
        return levelA === levelB ? this.compareAge(a, b) : levelB > levelA ? 1 : -1;
      });
      order.push(ready[0] as EventId);
      left.delete(ready[0] as EventId);
    }
    return order;
  }

  private senderLevel(eventId: EventId): number {
    const { authEventIds, sender, roomId } = this.event(eventId);
    const auth = authEventIds.map((below) => this.event(below));
    const create = this.rules.roomIdIsCreateHash
      ? this.event(`$${roomId.slice(1)}` as EventId)
      : auth.find(({ type }) => type === 'm.room.create');
    const levels = auth.find(({ type }) => type === 'm.room.power_levels');
    return readPowerLevels(levels, create, this.rules).userLevel(sender);
  }

  private mainlineOrder(eventIds: readonly EventId[], p: EventId | undefined): EventId[] {
    const mainline = this.lineage(p);
    const position = (eventId: EventId): number => {
      const [, ...above] = this.lineage(eventId);
      const met = above.find((levels) => mainline.includes(levels));
      return met === undefined ? 1e9 : mainline.indexOf(met);
    };
    return [...eventIds].sort((a, b) => position(b) - position(a) || this.compareAge(a, b));
  }

  /** An event, the power levels it cites, those that they cite, and so on. */
  private lineage(eventId: EventId | undefined): EventId[] {
    const lineage: EventId[] = [];
    for (let next = eventId; next !== undefined; ) {
      lineage.push(next);
      next = this.event(next).authEventIds.find((below) => this.event(below).type === 'm.room.power_levels');
    }
    return lineage;
  }

  private compareAge(a: EventId, b: EventId): number {
    return this.event(a).originServerTs - this.event(b).originServerTs || (a < b ? -1 : 1);
  }

  private iterativeAuthChecks(eventIds: readonly EventId[], state: Map<StateMapKey, EventId>): void {
    for (const eventId of eventIds) {
      const event = this.event(eventId);
      const filled = new Map<StateMapKey, EventId>();
      if (this.rules.roomIdIsCreateHash)
        filled.set(stateMapKey('m.room.create', ''), `$${event.roomId.slice(1)}` as EventId);
      for (const below of event.authEventIds) filled.set(stateMapKeyOf(this.event(below)), below);
      for (const [key, value] of state) filled.set(key, value);
      if (this.isAllowed(event, filled)) state.set(stateMapKeyOf(event), eventId);
    }
  }

  isAllowed(event: RoomEvent, state: State): boolean {
    const get = (type: string, stateKey: string) => {
      const eventId = state.get(stateMapKey(type, stateKey));
      return eventId === undefined ? undefined : this.event(eventId);
    };
    return authorizeEvent(event, { get }, this.rules).allowed;
  }

  private resolveV1(forks: readonly State[]): Map<StateMapKey, EventId> {
    const r = new Map<StateMapKey, EventId>(forks.flatMap((state) => [...state]));
    const { conflicted } = split(forks);
    const lists = [...conflicted].filter(([, eventIds]) => eventIds.length > 1);
    for (const [key] of lists) r.delete(key);
    for (const type of ['m.room.power_levels', 'm.room.join_rules', 'm.room.member']) {
      const results = lists
        .filter(([, [eventId]]) => this.event(eventId as EventId).type === type)
        .map(([key, eventIds]) => [key, this.lastInTurn(key, eventIds, r)] as const);
      for (const [key, eventId] of results) r.set(key, eventId);
    }
    for (const [key, eventIds] of lists) {
      if (r.has(key)) continue;
      const ordered = this.byDepth(eventIds);
      r.set(key, ordered.findLast((eventId) => this.isAllowed(this.event(eventId), r)) ?? (ordered[0] as EventId));
    }
    return r;
  }

  private lastInTurn(key: StateMapKey, eventIds: readonly EventId[], before: State): EventId {
    const [first, ...rest] = this.byDepth(eventIds);
    const r = new Map(before).set(key, first as EventId);
    for (const eventId of rest) {
      if (!this.isAllowed(this.event(eventId), r)) break;
      r.set(key, eventId);
    }
    return r.get(key) as EventId;
  }

  private byDepth(eventIds: readonly EventId[]): EventId[] {
    const sha1 = (eventId: EventId) => createHash('sha1').update(eventId).digest('hex');
    return [...eventIds].sort((a, b) => this.event(a).depth - this.event(b).depth || (sha1(a) < sha1(b) ? 1 : -1));
  }

  private event(eventId: EventId): RoomEvent {
    return this.nodes.get(eventId) as RoomEvent;
  }
}

function split(forks: readonly State[]) {
  const unconflicted = new Map<StateMapKey, EventId>();
  const conflicted = new Map<StateMapKey, EventId[]>();
  for (const key of new Set(forks.flatMap((state) => [...state.keys()]))) {
    const values = [...new Set(forks.map((state) => state.get(key)))];
    const [only] = values;
    if (values.length === 1 && only !== undefined) unconflicted.set(key, only);
    else
      conflicted.set(
        key,
        values.filter((value) => value !== undefined),
      );
  }
  return { unconflicted, conflicted };
}
