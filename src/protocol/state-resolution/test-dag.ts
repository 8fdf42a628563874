import { authorizeEvent, authStateOf, selectAuthEvents } from '../event-auth/index.ts';
import type { RoomEvent } from '../events/pdu.ts';
import type { EventId, RoomId, UserId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import { ROOM_VERSIONS, type RoomVersion, type RoomVersionRules } from '../room-versions/index.ts';
import {
  type AuthNode,
  authRank,
  type CitingEvent,
  type ForksInput,
  type ResolutionSources,
  type ResolvedState,
  resolveForks,
  runResolution,
  type StateMapKey,
  type StateResolutionRequest,
  stateMapKey,
  stateMapKeyOf,
} from './index.ts';

export const alice = '@alice:one.test' as UserId;
export const bob = '@bob:two.test' as UserId;
export const carol = '@carol:one.test' as UserId;
export const eve = '@eve:evil.test' as UserId;
export const zara = '@zara:two.test' as UserId;

export type State = ReadonlyMap<StateMapKey, EventId>;
type Node = RoomEvent & AuthNode;

export interface EventFields {
  readonly type: string;
  readonly sender: UserId;
  readonly stateKey?: string;
  readonly content?: JsonObject;
  /** The events before it; the last one made, if left out. */
  readonly after?: readonly string[];
  readonly ts?: number;
  readonly depth?: number;
  /** Its auth events by name, if not those that the state before it calls for. */
  readonly auth?: readonly string[];
}

/** A room as a graph of named events, which nobody has checked. The name of an event is its id without `$`. */
export class TestDag {
  readonly rules: RoomVersionRules;
  readonly nodes = new Map<EventId, Node>();
  private readonly states = new Map<EventId, State>();
  private readonly citedBy = new Map<EventId, CitingEvent[]>();
  private last: EventId | undefined;
  private readonly roomId: RoomId;

  constructor(
    readonly version: RoomVersion,
    readonly pageSize = 2,
  ) {
    this.rules = ROOM_VERSIONS[version];
    this.roomId = (this.rules.roomIdIsCreateHash ? '!create' : '!room:one.test') as RoomId;
  }

  /** Adds an event and gives its id. A state before it that has to be resolved is. */
  add(name: string, fields: EventFields): EventId {
    const eventId = id(name);
    if (this.nodes.has(eventId)) throw new Error(`${name} is already in the room`);
    const prevEventIds = fields.after?.map(id) ?? (this.last === undefined ? [] : [this.last]);
    const before = this.stateAfter(prevEventIds);
    const node = this.nodeOf(eventId, prevEventIds, before, fields);
    this.nodes.set(eventId, node);
    if (node.stateKey !== undefined)
      this.cite(node.authEventIds, { eventId, type: node.type, stateKey: node.stateKey });
    this.states.set(eventId, node.stateKey === undefined ? before : new Map(before).set(stateMapKeyOf(node), eventId));
    this.last = eventId;
    return eventId;
  }

  /** Adds an event if the auth rules allow it in the state before it. */
  addIfAllowed(name: string, fields: EventFields): EventId | undefined {
    const prevEventIds = fields.after?.map(id) ?? (this.last === undefined ? [] : [this.last]);
    const before = this.stateAfter(prevEventIds);
    const node = this.nodeOf(id(name), prevEventIds, before, fields);
    const events = [...before.values()].map((eventId) => this.event(eventId));
    return authorizeEvent(node, authStateOf(events), this.rules).allowed ? this.add(name, fields) : undefined;
  }

  event(name: string): Node {
    const node = this.nodes.get(name.startsWith('$') ? (name as EventId) : id(name));
    if (node === undefined) throw new Error(`no event ${name}`);
    return node;
  }

  stateAfter(names: readonly string[]): State {
    const states = names.map((name) => this.states.get(this.event(name).eventId) as State);
    const [only] = states;
    if (only === undefined) return new Map();
    return states.length === 1 ? only : this.merge(states);
  }

  /** The state that several forks resolve to. */
  merge(forks: readonly State[]): State {
    const merged = new Map(forks[0]);
    for (const [key, eventId] of this.resolve(forks)) {
      if (eventId === undefined) merged.delete(key);
      else merged.set(key, eventId);
    }
    return merged;
  }

  resolve(forks: readonly State[], changes: Partial<ForksInput> = {}): ResolvedState {
    const { ports, answer } = this.sources(forks);
    return runResolution(resolveForks({ ...ports, rules: this.rules, forks, ...changes }), answer);
  }

  /** Sources that know only what was asked for, and throw when asked for anything else. */
  sources(forks: readonly State[]): TestSources {
    return new TestSources(this.nodes, this.citedBy, forks, this.pageSize);
  }

  private cite(authEventIds: readonly EventId[], by: CitingEvent): void {
    for (const cited of authEventIds) {
      const citing = this.citedBy.get(cited);
      if (citing === undefined) this.citedBy.set(cited, [by]);
      else citing.push(by);
    }
  }

  private nodeOf(eventId: EventId, prevEventIds: EventId[], before: State, fields: EventFields): Node {
    const { type, sender, stateKey, content = {} } = fields;
    const selected = selectAuthEvents({ type, sender, stateKey, content }, this.rules)
      .map(([authType, authKey]) => before.get(stateMapKey(authType, authKey)))
      .filter((selectedId) => selectedId !== undefined);
    const authEventIds = fields.auth?.map(id) ?? selected;
    return {
      eventId,
      roomId: this.roomId,
      type,
      stateKey,
      sender,
      content,
      originServerTs: fields.ts ?? this.nodes.size,
      depth: fields.depth ?? Math.max(0, ...prevEventIds.map((prev) => this.event(prev).depth + 1)),
      prevEventIds,
      authEventIds,
      authRank: authRank(authEventIds.map((authId) => this.event(authId).authRank)),
      redacts: undefined,
      pdu: { type, sender, content, signatures: {} } as unknown as RoomEvent['pdu'],
    };
  }
}

class Announced<T> {
  private readonly announced = new Set<EventId>();

  constructor(private readonly all: ReadonlyMap<EventId, T>) {}

  load(eventIds: readonly EventId[]): void {
    for (const eventId of eventIds) this.announced.add(eventId);
  }

  get(eventId: EventId): T | undefined {
    return this.announced.has(eventId) ? this.all.get(eventId) : undefined;
  }

  get size(): number {
    return this.announced.size;
  }
}

class TestSources {
  readonly events: Announced<Node>;
  readonly authGraph: Announced<Node>;
  readonly lookedUp = new Set<StateMapKey>();
  pages = 0;

  constructor(
    nodes: ReadonlyMap<EventId, Node>,
    private readonly citedBy: ReadonlyMap<EventId, readonly CitingEvent[]>,
    private readonly forks: readonly State[],
    private readonly pageSize: number,
  ) {
    this.events = new Announced(nodes);
    this.authGraph = new Announced(nodes);
  }

  readonly answer = (request: StateResolutionRequest): void => {
    if (request.kind === 'load') this.events.load(request.eventIds);
    if (request.kind === 'load-auth-nodes') this.authGraph.load(request.eventIds);
    if (request.kind === 'look-up') for (const key of request.keys) this.lookedUp.add(key);
  };

  readonly ports: ResolutionSources = {
    events: { get: (eventId) => this.events.get(eventId) },
    authGraph: { get: (eventId) => this.authGraph.get(eventId) },
    unconflicted: (type, stateKey) => {
      const key = stateMapKey(type, stateKey);
      if (!this.lookedUp.has(key)) throw new Error(`${key} was looked up unannounced`);
      // What the last fork says, so that answers at conflicted keys are shown to be ignored.
      return this.forks.at(-1)?.get(key);
    },
    citing: (eventId, after) => {
      this.pages++;
      const citing = this.citedBy.get(eventId) ?? [];
      const start = after === undefined ? 0 : citing.findIndex((by) => by.eventId === after) + 1;
      return citing.slice(start, start + this.pageSize);
    },
  };
}

export function id(name: string): EventId {
  return (name.startsWith('$') ? name : `$${name}`) as EventId;
}

export function at(
  state: ReadonlyMap<StateMapKey, EventId | undefined>,
  type: string,
  stateKey = '',
): string | undefined {
  return state.get(stateMapKey(type, stateKey))?.slice(1);
}

/** A room that Alice made, and that everybody may join until somebody changes the join rule. */
export function publicRoom(version: RoomVersion, powerLevels: JsonObject = {}): TestDag {
  const dag = new TestDag(version);
  const content = dag.rules.creatorIsSender ? {} : { creator: alice };
  dag.add('create', { type: 'm.room.create', sender: alice, stateKey: '', content });
  join(dag, alice);
  const users = dag.rules.privilegedCreators ? {} : { [alice]: 100 };
  setLevels(dag, 'levels', alice, { users, ...powerLevels });
  dag.add('public', { type: 'm.room.join_rules', sender: alice, stateKey: '', content: { join_rule: 'public' } });
  return dag;
}

type Rest = Partial<EventFields>;

export function join(dag: TestDag, user: UserId, name = `${localpart(user)}-joins`, rest: Rest = {}): EventId {
  return setMembership(dag, name, user, user, 'join', rest);
}

export function setMembership(
  dag: TestDag,
  name: string,
  sender: UserId,
  target: UserId,
  membership: string,
  rest: Rest = {},
): EventId {
  const content = { membership, ...rest.content };
  return dag.add(name, { type: 'm.room.member', sender, stateKey: target, ...rest, content });
}

export function setLevels(dag: TestDag, name: string, sender: UserId, content: JsonObject, rest: Rest = {}): EventId {
  return dag.add(name, { type: 'm.room.power_levels', sender, stateKey: '', ...rest, content });
}

export function setJoinRule(dag: TestDag, name: string, sender: UserId, rule: string, rest: Rest = {}): EventId {
  return dag.add(name, { type: 'm.room.join_rules', sender, stateKey: '', content: { join_rule: rule }, ...rest });
}

export function setTopic(dag: TestDag, name: string, sender: UserId, rest: Rest = {}): EventId {
  return dag.add(name, { type: 'm.room.topic', sender, stateKey: '', content: { topic: name }, ...rest });
}

function localpart(user: UserId): string {
  return user.slice(1, user.indexOf(':'));
}
