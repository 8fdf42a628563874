/**
 * Rooms for the tests of this folder: `room('11').with(bob).joinRule('public')` is a state, and `.join(carol)`,
 * `.send(bob, 'm.room.message', {})` are events checked against it. Alice makes every room.
 */
import type { Pdu, RoomEvent } from '../events/pdu.ts';
import type { EventId, RoomId, UserId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import { ROOM_VERSIONS, type RoomVersion, type RoomVersionRules } from '../room-versions/index.ts';
import { type AuthState, type AuthVerdict, authorizeEvent } from './index.ts';

export const alice = '@alice:one.test' as UserId;
export const bob = '@bob:one.test' as UserId;
export const carol = '@carol:one.test' as UserId;
export const dave = '@dave:two.test' as UserId;

const ALL = Object.keys(ROOM_VERSIONS) as RoomVersion[];
/** The versions from `first` to `last`. */
export const versions = (first: RoomVersion = '1', last: RoomVersion = '12'): RoomVersion[] =>
  ALL.slice(ALL.indexOf(first), ALL.indexOf(last) + 1);

export function expectAllowed(verdict: AuthVerdict): void {
  if (!verdict.allowed) throw new Error(`expected allowed, but refused: ${verdict.reason}`);
}

/** `reason` is a part of the reason, so that no other rule can be what refused. */
export function expectRefused(verdict: AuthVerdict, reason: string): void {
  if (verdict.allowed) throw new Error(`expected refused (${reason}), but allowed`);
  if (!verdict.reason.includes(reason)) throw new Error(`expected refused (${reason}), but: ${verdict.reason}`);
}

type EventFields = Partial<Omit<RoomEvent, 'pdu'>> & { pdu?: Partial<Pdu> };

class TestRoom implements AuthState {
  readonly rules: RoomVersionRules;
  readonly create: RoomEvent;
  private readonly state = new Map<string, RoomEvent>();
  private made = 0;

  constructor(version: RoomVersion, createContent: JsonObject) {
    this.rules = ROOM_VERSIONS[version];
    const content = {
      room_version: version,
      ...(this.rules.creatorIsSender ? {} : { creator: alice }),
      ...createContent,
    };
    this.create = this.event({ type: 'm.room.create', stateKey: '', sender: alice, content, prevEventIds: [] });
    this.put(this.create);
    this.with(alice);
  }

  get roomId(): RoomId {
    return (this.rules.roomIdIsCreateHash ? `!${this.eventId(1).slice(1)}` : '!room:one.test') as RoomId;
  }

  get(type: string, stateKey: string): RoomEvent | undefined {
    return this.state.get(`${type}|${stateKey}`);
  }

  /** The events of the state. */
  events(): RoomEvent[] {
    return [...this.state.values()];
  }

  /** An event of this room, in no state. */
  event(fields: EventFields): RoomEvent {
    this.made++;
    const event = {
      eventId: this.eventId(this.made),
      roomId: this.roomId,
      type: 'm.room.message',
      stateKey: undefined,
      sender: alice,
      content: {},
      originServerTs: 1_000 * this.made,
      depth: this.made,
      prevEventIds: [this.eventId(0)],
      authEventIds: [],
      redacts: undefined,
      ...fields,
    };
    const roomId = this.rules.roomIdIsCreateHash && event.type === 'm.room.create' ? {} : { room_id: event.roomId };
    const pdu = { ...roomId, signatures: {}, hashes: { sha256: '' }, ...fields.pdu } as unknown as Pdu;
    return { ...event, pdu };
  }

  // Builders of the state: they check nothing.

  put(event: RoomEvent): this {
    this.state.set(`${event.type}|${event.stateKey}`, event);
    return this;
  }

  without(type: string, stateKey = ''): this {
    this.state.delete(`${type}|${stateKey}`);
    return this;
  }

  has(type: string, content: JsonObject, stateKey = '', sender: UserId = alice): this {
    return this.put(this.event({ type, stateKey, sender, content }));
  }

  membership(user: UserId, membership: string): this {
    return this.has('m.room.member', { membership }, user, user);
  }

  with(...users: UserId[]): this {
    for (const user of users) this.membership(user, 'join');
    return this;
  }

  joinRule(rule: string): this {
    return this.has('m.room.join_rules', { join_rule: rule });
  }

  levels(content: JsonObject): this {
    return this.has('m.room.power_levels', content);
  }

  // Events checked against the state.

  authorize(fields: EventFields): AuthVerdict {
    return authorizeEvent(this.event(fields), this, this.rules);
  }

  send(sender: UserId, type: string, content: JsonObject = {}): AuthVerdict {
    return this.authorize({ type, sender, content });
  }

  set(sender: UserId, type: string, stateKey: string, content: JsonObject = {}): AuthVerdict {
    return this.authorize({ type, stateKey, sender, content });
  }

  setLevels(sender: UserId, content: JsonObject): AuthVerdict {
    return this.set(sender, 'm.room.power_levels', '', content);
  }

  member(sender: UserId, target: UserId, membership: string, content: JsonObject = {}): AuthVerdict {
    return this.set(sender, 'm.room.member', target, { membership, ...content });
  }

  join(user: UserId, content: JsonObject = {}): AuthVerdict {
    return this.member(user, user, 'join', content);
  }

  invite(sender: UserId, target: UserId, content: JsonObject = {}): AuthVerdict {
    return this.member(sender, target, 'invite', content);
  }

  leave(user: UserId): AuthVerdict {
    return this.member(user, user, 'leave');
  }

  kick(sender: UserId, target: UserId): AuthVerdict {
    return this.member(sender, target, 'leave');
  }

  ban(sender: UserId, target: UserId): AuthVerdict {
    return this.member(sender, target, 'ban');
  }

  knock(user: UserId): AuthVerdict {
    return this.member(user, user, 'knock');
  }

  private eventId(number: number): EventId {
    const opaque = String(number).padStart(43, 'e');
    return (this.rules.eventIdFormat === 'opaque' ? `$${opaque}:one.test` : `$${opaque}`) as EventId;
  }
}

export type { TestRoom };

export const room = (version: RoomVersion, createContent: JsonObject = {}): TestRoom =>
  new TestRoom(version, createContent);
