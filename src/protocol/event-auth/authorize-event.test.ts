import { describe, expect, test } from 'bun:test';
import type { RoomId } from '../identifiers/index.ts';
import { PowerLevels } from '../power-levels/index.ts';
import { authorizeEvent } from './index.ts';
import { alice, bob, carol, dave, expectAllowed, expectRefused, room, versions } from './test-room.ts';

describe.each(versions())('version %s', (version) => {
  test('a member may send a message, nobody else', () => {
    const scene = room(version).with(bob).membership(carol, 'invite').membership(dave, 'leave');
    expectAllowed(scene.send(bob, 'm.room.message'));
    expectRefused(scene.send(carol, 'm.room.message'), 'not in the room');
    expectRefused(scene.send(dave, 'm.room.message'), 'not in the room');
    expectRefused(room(version).send(bob, 'm.room.message'), 'not in the room');
  });

  test('nothing but a create event is allowed in a state without one', () => {
    const scene = room(version).with(bob).joinRule('public').without('m.room.create');
    expectRefused(scene.send(bob, 'm.room.message'), 'no m.room.create');
    expectRefused(scene.join(carol), 'no m.room.create');
  });

  test('m.federate false keeps the users of other servers out', () => {
    const closed = room(version, { 'm.federate': false }).with(bob, dave).joinRule('public');
    expectAllowed(closed.send(bob, 'm.room.message'));
    expectRefused(closed.send(dave, 'm.room.message'), 'other servers');
    expectRefused(closed.join(dave), 'other servers');
    expectRefused(closed.set(dave, 'm.room.aliases', 'two.test'), 'other servers');
    expectAllowed(room(version, { 'm.federate': true }).with(dave).send(dave, 'm.room.message'));
    expectAllowed(room(version).with(dave).send(dave, 'm.room.message'));
  });

  test('state needs level 50 and messages 0, unless power levels say otherwise', () => {
    const users = { [bob]: 49, [carol]: 50 };
    const plain = room(version).with(bob, carol).levels({ users });
    expectRefused(plain.set(bob, 'm.room.topic', ''), 'sending m.room.topic needs');
    expectAllowed(plain.set(carol, 'm.room.topic', ''));
    expectAllowed(plain.send(bob, 'm.room.message'));

    const defaults = room(version).with(bob, carol).levels({ users, state_default: 49, events_default: 50 });
    expectAllowed(defaults.set(bob, 'm.room.topic', ''));
    expectRefused(defaults.send(bob, 'm.room.message'), 'sending m.room.message needs');
    expectAllowed(defaults.send(carol, 'm.room.message'));

    const byType = room(version)
      .with(bob, carol)
      .levels({ users, events: { 'm.room.topic': 0, 'm.room.message': 50 } });
    expectAllowed(byType.set(bob, 'm.room.topic', ''));
    expectRefused(byType.send(bob, 'm.room.message'), 'needs a higher power level');
    expectAllowed(byType.send(carol, 'm.room.message'));
  });

  test('without power levels only the creator sets state', () => {
    const scene = room(version).with(bob);
    expectAllowed(scene.set(alice, 'm.room.topic', ''));
    expectRefused(scene.set(bob, 'm.room.topic', ''), 'needs a higher power level');
  });

  test('a state key that is a user id is for that user alone', () => {
    const scene = room(version)
      .with(bob)
      .levels({ users: { [bob]: 100 } });
    expectAllowed(scene.set(bob, 'org.example.status', bob));
    expectRefused(scene.set(bob, 'org.example.status', alice), "another user's id");
    expectRefused(scene.set(bob, 'org.example.status', '@'), "another user's id");
    expectAllowed(scene.set(bob, 'org.example.status', 'x@bob'));
  });

  test('a third-party invitation needs the invite level, not the level of its type', () => {
    const scene = room(version)
      .with(bob, carol)
      .levels({ users: { [bob]: 30, [carol]: 29 }, invite: 30, events: { 'm.room.third_party_invite': 100 } });
    expectAllowed(scene.set(bob, 'm.room.third_party_invite', 'token'));
    expectRefused(scene.set(carol, 'm.room.third_party_invite', 'token'), 'inviting needs');
    expectRefused(scene.set(dave, 'm.room.third_party_invite', 'token'), 'not in the room');
  });

  test('power levels that the caller keeps are used', () => {
    const scene = room(version).with(bob);
    const event = scene.event({ type: 'm.room.topic', stateKey: '', sender: bob });
    const powerLevels = new PowerLevels({ users: { [bob]: 50 } }, [alice], scene.rules);
    expect(authorizeEvent(event, scene, scene.rules).allowed).toBe(false);
    const state = { get: (type: string, stateKey: string) => scene.get(type, stateKey), powerLevels };
    expectAllowed(authorizeEvent(event, state, scene.rules));
  });
});

test.each(versions('1', '5'))('version %s: a server sets its own aliases, member or not', (version) => {
  const scene = room(version);
  expectAllowed(scene.set(dave, 'm.room.aliases', 'two.test'));
  expectRefused(scene.set(dave, 'm.room.aliases', 'one.test'), "not the sender's server");
  expectRefused(scene.send(dave, 'm.room.aliases'), "not the sender's server");
});

test.each(versions('6'))('version %s: aliases are state like any other', (version) => {
  const scene = room(version).with(bob);
  expectRefused(scene.set(dave, 'm.room.aliases', 'two.test'), 'not in the room');
  expectRefused(scene.set(bob, 'm.room.aliases', 'one.test'), 'needs a higher power level');
  expectAllowed(scene.set(alice, 'm.room.aliases', 'two.test'));
});

test('version 12: the room id is that of the create event in the state', () => {
  const scene = room('12').with(bob).joinRule('public');
  const roomId = `!${'x'.repeat(43)}` as RoomId;
  expectRefused(scene.authorize({ sender: bob, roomId }), 'not that of the m.room.create');
  const join = { type: 'm.room.member', stateKey: carol, sender: carol, content: { membership: 'join' } };
  expectRefused(scene.authorize({ ...join, roomId }), 'not that of the m.room.create');
  expectAllowed(scene.authorize(join));
});

test('version 12: an additional creator is above every level', () => {
  const events = { 'm.room.tombstone': Number.MAX_SAFE_INTEGER };
  const scene = room('12', { additional_creators: [dave] })
    .with(bob, dave)
    .levels({ users: { [bob]: 100 }, events });
  expectAllowed(scene.set(dave, 'm.room.tombstone', ''));
  expectAllowed(scene.set(alice, 'm.room.tombstone', ''));
  expectRefused(scene.set(bob, 'm.room.tombstone', ''), 'needs a higher power level');
});

test('version 11: an additional creator is nobody', () => {
  const scene = room('11', { additional_creators: [dave] }).with(dave);
  expectRefused(scene.set(dave, 'm.room.topic', ''), 'needs a higher power level');
});
