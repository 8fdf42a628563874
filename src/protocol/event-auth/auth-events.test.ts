import { describe, expect, test } from 'bun:test';
import type { RoomEvent } from '../events/pdu.ts';
import type { EventId, RoomId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import { type AuthVerdict, checkAuthEvents, type StateKeyPair, selectAuthEvents } from './index.ts';
import { alice, bob, carol, dave, expectAllowed, expectRefused, room, type TestRoom, versions } from './test-room.ts';

const CREATE: StateKeyPair = ['m.room.create', ''];
const LEVELS: StateKeyPair = ['m.room.power_levels', ''];
const RULES: StateKeyPair = ['m.room.join_rules', ''];
const memberOf = (user: string): StateKeyPair => ['m.room.member', user];

describe.each(versions())('auth events selection in version %s', (version) => {
  const { rules } = room(version);
  const base = version === '12' ? [LEVELS] : [CREATE, LEVELS];
  const select = (type: string, stateKey: string | undefined, content: JsonObject = {}) =>
    selectAuthEvents({ type, stateKey, sender: bob, content }, rules);
  const member = (target: string, membership: string, content: JsonObject = {}) =>
    select('m.room.member', target, { membership, ...content });

  test('a create event has none', () => expect(select('m.room.create', '')).toEqual([]));

  test('any event has the power levels and its sender, and up to version 11 the create event', () => {
    expect(select('m.room.message', undefined)).toEqual([...base, memberOf(bob)]);
    const content = { membership: 'join', third_party_invite: { signed: { token: 't' } } };
    expect(select('m.room.topic', '', content)).toEqual([...base, memberOf(bob)]);
  });

  test('a membership event has its target, once, and where it comes in the join rules', () => {
    expect(member(bob, 'leave')).toEqual([...base, memberOf(bob)]);
    expect(member(carol, 'ban')).toEqual([...base, memberOf(bob), memberOf(carol)]);
    expect(member(carol, 'leave')).toEqual([...base, memberOf(bob), memberOf(carol)]);
    expect(member(carol, 'invite')).toEqual([...base, memberOf(bob), memberOf(carol), RULES]);
    for (const membership of ['join', 'knock']) {
      expect(member(bob, membership)).toEqual([...base, memberOf(bob), RULES]);
    }
  });

  test('an invite has its third-party invitation', () => {
    const content = { third_party_invite: { signed: { token: 't' } } };
    const invite = [...base, memberOf(bob), memberOf(carol), RULES];
    expect(member(carol, 'invite', content)).toEqual([...invite, ['m.room.third_party_invite', 't']]);
    expect(member(bob, 'join', content)).toEqual([...base, memberOf(bob), RULES]);
    for (const broken of [null, 'x', {}, { signed: null }, { signed: {} }, { signed: { token: 7 } }]) {
      expect(member(carol, 'invite', { third_party_invite: broken as JsonObject })).toEqual(invite);
    }
  });

  test('a join has who authorised it, from version 8', () => {
    const by = (user: unknown) => ({ join_authorised_via_users_server: user as string });
    const join = [...base, memberOf(bob), RULES];
    expect(member(bob, 'join', by(alice))).toEqual(Number(version) >= 8 ? [...join, memberOf(alice)] : join);
    expect(member(bob, 'join', by(bob))).toEqual(join);
    expect(member(bob, 'join', by(7))).toEqual(join);
    expect(member(bob, 'leave', by(alice))).toEqual([...base, memberOf(bob)]);
  });
});

describe.each(versions())('the auth_events of an event in version %s', (version) => {
  const scene = () => room(version).with(bob).levels({}).joinRule('public');
  const entry = (scene: TestRoom, [type, key]: StateKeyPair): RoomEvent => {
    const event = scene.get(type, key);
    if (event === undefined) throw new Error(`the test has no ${type}`);
    return event;
  };
  const check = (from: TestRoom, auth: readonly RoomEvent[], rejected: readonly RoomEvent[] = []): AuthVerdict => {
    const isRejected = (id: EventId) => rejected.some((event) => event.eventId === id);
    return checkAuthEvents(from.event({ sender: bob }), auth, isRejected, from.rules);
  };
  const wanted = version === '12' ? [LEVELS, memberOf(bob)] : [CREATE, LEVELS, memberOf(bob)];
  const usual = (from: TestRoom) => wanted.map((key) => entry(from, key));

  test('are those of the selection, in any order', () => {
    const from = scene();
    expectAllowed(check(from, usual(from)));
    expectAllowed(check(from, usual(from).reverse()));
  });

  test('may lack what the state may lack', () => {
    const from = scene();
    expectAllowed(check(from, usual(from).slice(0, -2)));
  });

  test('hold no key twice', () => {
    const from = scene();
    const twice = from.event({ type: 'm.room.member', stateKey: bob, sender: bob, content: { membership: 'leave' } });
    expectRefused(check(from, [...usual(from), twice]), 'twice');
    expectRefused(check(from, [...usual(from), entry(from, LEVELS)]), 'twice');
  });

  test('hold nothing beside the selection', () => {
    const from = scene();
    for (const key of [RULES, memberOf(alice)]) {
      expectRefused(check(from, [...usual(from), entry(from, key)]), 'has no place');
    }
    expectRefused(check(from, [...usual(from), from.event({ type: 'm.room.power_levels' })]), 'has no place');
  });

  test('hold nothing rejected', () => {
    const from = scene();
    expectRefused(check(from, usual(from), [entry(from, LEVELS)]), 'a rejected m.room.power_levels');
    expectAllowed(check(from, usual(from), [entry(from, RULES)]));
    expectRefused(check(from, usual(from), [from.create]), 'rejected');
  });

  test('hold nothing of another room', () => {
    const from = scene();
    const foreign = { ...entry(from, LEVELS), roomId: '!other:one.test' as RoomId };
    expectRefused(check(from, [...usual(from).filter((event) => event.type !== LEVELS[0]), foreign]), 'another room');
  });

  test(version === '12' ? 'do not hold the create event' : 'hold the create event', () => {
    const from = scene();
    const without = usual(from).filter((event) => event !== from.create);
    if (version === '12') expectRefused(check(from, [from.create, ...without]), 'm.room.create has no place');
    else expectRefused(check(from, without), 'no m.room.create');
  });

  test('are not looked at for a create event', () => {
    const from = scene();
    expectAllowed(checkAuthEvents(from.create, [], () => true, from.rules));
  });

  test('of a join hold the join rules, of an invite the invited', () => {
    const from = scene().membership(dave, 'leave').membership(carol, 'leave');
    const of = (type: string, stateKey: string, sender: typeof bob, content: JsonObject) =>
      from.event({ type, stateKey, sender, content });
    const accept = (event: RoomEvent, keys: readonly StateKeyPair[]) =>
      checkAuthEvents(
        event,
        keys.map((key) => entry(from, key)),
        () => false,
        from.rules,
      );
    const base = wanted.slice(0, -1);
    const join = of('m.room.member', carol, carol, { membership: 'join' });
    expectAllowed(accept(join, [...base, memberOf(carol), RULES]));
    const invite = of('m.room.member', dave, bob, { membership: 'invite' });
    expectAllowed(accept(invite, [...base, memberOf(bob), memberOf(dave), RULES]));
    expectRefused(accept(invite, [...base, memberOf(bob), memberOf(carol)]), 'has no place');
    const leave = of('m.room.member', dave, bob, { membership: 'leave' });
    expectRefused(accept(leave, [...base, memberOf(bob), memberOf(dave), RULES]), 'm.room.join_rules has no place');
  });
});
