/**
 * A public room of thousands of members that exists only where it is looked at, and two forks of it that differ at `conflicts`
 * members' names, the topic, the power levels and one member that the left does not know. Counts what a resolution asks for.
 */
import type { RoomEvent } from '../events/pdu.ts';
import type { EventId, RoomId, UserId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import { ROOM_VERSIONS, type RoomVersion } from '../room-versions/index.ts';
import {
  type AuthNode,
  type CitingEvent,
  type ResolvedState,
  resolveForks,
  type StateMapKey,
  type StateResolutionRequest,
  stateMapKey,
} from './index.ts';

type Node = RoomEvent & AuthNode;
const PAGE = 100;
const admin = '@admin:one.test' as UserId;
const member = (index: number) => `@user-${index}:one.test` as UserId;
const eventId = (name: string) => `$${name}` as EventId;
const moderator = (side: string) => `@moderator-${side}:one.test` as UserId;
const late = '@late:one.test' as UserId;
const indexIn = (name: string) => Number(name.slice(name.lastIndexOf('-') + 1));

export class LargeRoom {
  readonly asked = { load: 0, 'load-auth-nodes': 0, 'load-citing': 0, 'look-up': 0, pause: 0 };
  longestStepMs = 0;
  requests = 0;
  private readonly events = new Map<EventId, Node>();
  private readonly authGraph = new Map<EventId, Node>();

  constructor(
    readonly version: RoomVersion,
    readonly members: number,
    readonly conflicts: number,
  ) {}

  /** Resolves the two forks. `now` is a clock in milliseconds, to time the steps between two requests. */
  resolve(now: () => number): ResolvedState {
    const resolution = resolveForks({
      rules: ROOM_VERSIONS[this.version],
      forks: [this.fork('left'), this.fork('right')],
      events: this.events,
      authGraph: this.authGraph,
      unconflicted: (type, stateKey) => this.unconflicted(type, stateKey),
      citing: (id, after) => this.citing(id, after),
    });
    for (;;) {
      const start = now();
      const step = resolution.next();
      this.longestStepMs = Math.max(this.longestStepMs, now() - start);
      if (step.done) return step.value;
      this.answer(step.value);
    }
  }

  private answer(request: StateResolutionRequest): void {
    this.requests++;
    if (request.kind === 'pause') this.asked.pause++;
    else if (request.kind === 'look-up') this.asked['look-up'] += request.keys.length;
    else if (request.kind === 'load-citing') this.asked['load-citing'] += request.pages.length;
    else {
      this.asked[request.kind] += request.eventIds.length;
      const loaded = request.kind === 'load' ? this.events : this.authGraph;
      for (const id of request.eventIds) loaded.set(id, this.make(id.slice(1)));
    }
  }

  private fork(side: 'left' | 'right'): Map<StateMapKey, EventId> {
    const fork = new Map([
      [stateMapKey('m.room.power_levels', ''), eventId(`levels-${side}`)],
      [stateMapKey('m.room.topic', ''), eventId(`topic-${side}`)],
    ]);
    if (side === 'right') fork.set(stateMapKey('m.room.member', late), eventId('late'));
    for (let index = 0; index < this.conflicts; index++) {
      fork.set(stateMapKey('m.room.member', member(index)), eventId(`name-${side}-${index}`));
    }
    return fork;
  }

  private unconflicted(type: string, stateKey: string): EventId | undefined {
    if (type === 'm.room.create') return eventId('create');
    if (type === 'm.room.join_rules') return eventId('public');
    if (type === 'm.room.name') return eventId('title');
    if (type !== 'm.room.member' || stateKey === late) return undefined;
    const localpart = stateKey.slice(1, stateKey.indexOf(':'));
    return eventId(localpart.startsWith('user') ? `join-${indexIn(localpart)}` : localpart);
  }

  private citing(id: EventId, after: EventId | undefined): readonly CitingEvent[] {
    const name = id.slice(1);
    if (name === 'moderator-left' && after === undefined) {
      return [{ eventId: eventId('title'), type: 'm.room.name', stateKey: '' }];
    }
    if (!['create', 'admin', 'levels', 'public'].includes(name)) return [];
    const first = after === undefined ? 0 : indexIn(after) + 1;
    return Array.from({ length: Math.min(PAGE, this.members - first) }, (_, index) => ({
      eventId: eventId(`join-${first + index}`),
      type: 'm.room.member',
      stateKey: member(first + index),
    }));
  }

  private make(name: string): Node {
    const { version } = this;
    const create = ROOM_VERSIONS[version].roomIdIsCreateHash ? [] : ['create'];
    const make = (rank: number, type: string, stateKey: string, sender: UserId, content: JsonObject, auth: string[]) =>
      this.node(name, rank, type, stateKey, sender, content, [...create, ...auth]);
    const join = (rank: number, user: UserId, auth: string[]) =>
      make(rank, 'm.room.member', user, user, { membership: 'join', displayname: name }, auth);
    const side = name.slice(name.indexOf('-') + 1);
    const user = member(indexIn(name));

    switch (name.split('-')[0]) {
      case 'create':
        return this.node(name, 0, 'm.room.create', '', admin, { creator: admin }, []);
      case 'admin':
        return join(1, admin, []);
      case 'levels': {
        const first = name === 'levels';
        return make(
          first ? 2 : 3,
          'm.room.power_levels',
          '',
          admin,
          levels(version),
          first ? ['admin'] : ['admin', 'levels'],
        );
      }
      case 'public':
        return make(3, 'm.room.join_rules', '', admin, { join_rule: 'public' }, ['admin', 'levels']);
      case 'topic':
        return make(5, 'm.room.topic', '', moderator(side), {}, ['levels', `moderator-${side}`]);
      case 'title':
        return make(5, 'm.room.name', '', moderator('left'), {}, ['levels', 'moderator-left']);
      case 'moderator':
        return join(4, moderator(side), ['levels']);
      case 'join':
        return join(4, user, ['levels', 'public']);
      case 'late':
        return join(4, late, ['levels', 'public']);
      default:
        return join(5, user, ['levels', 'public', `join-${indexIn(name)}`]);
    }
  }

  private node(
    name: string,
    rank: number,
    type: string,
    stateKey: string,
    sender: UserId,
    content: JsonObject,
    auth: readonly string[],
  ): Node {
    return {
      eventId: eventId(name),
      roomId: (ROOM_VERSIONS[this.version].roomIdIsCreateHash ? '!create' : '!room:one.test') as RoomId,
      type,
      stateKey,
      sender,
      content,
      originServerTs: rank,
      depth: rank,
      authRank: rank,
      prevEventIds: rank === 1 ? [eventId('create')] : [eventId('before')],
      authEventIds: auth.map(eventId),
      redacts: undefined,
      pdu: { signatures: {} } as unknown as RoomEvent['pdu'],
    };
  }
}

function levels(version: RoomVersion): JsonObject {
  const users = { [moderator('left')]: 50, [moderator('right')]: 50 };
  return { users: ROOM_VERSIONS[version].privilegedCreators ? users : { [admin]: 100, ...users } };
}
