import { describe, test } from 'bun:test';
import type { JsonObject } from '../json.ts';
import { alice, bob, carol, dave, expectAllowed, expectRefused, room, type TestRoom, versions } from './test-room.ts';

const member = (scene: TestRoom, content: JsonObject, stateKey: string | undefined = bob) =>
  scene.authorize({ type: 'm.room.member', stateKey, sender: bob, content });

describe.each(versions())('version %s', (version) => {
  test('a membership event has a state key and a known membership', () => {
    const scene = room(version).joinRule('public');
    expectAllowed(member(scene, { membership: 'join' }));
    expectRefused(
      scene.authorize({ type: 'm.room.member', sender: bob, content: { membership: 'join' } }),
      'has no state_key',
    );
    expectRefused(member(scene, {}), 'has no membership');
    for (const membership of ['gone', '', 7, null, ['join']]) {
      expectRefused(member(scene, { membership }), 'unknown membership');
    }
  });

  test('the creator joins right after the create event, nobody else does', () => {
    const scene = room(version).without('m.room.member', alice);
    const prevEventIds = [scene.create.eventId];
    const join = { type: 'm.room.member', content: { membership: 'join' } };
    expectAllowed(scene.authorize({ ...join, sender: alice, stateKey: alice, prevEventIds }));
    expectRefused(scene.authorize({ ...join, sender: bob, stateKey: bob, prevEventIds }), 'not invited');
    expectRefused(scene.authorize({ ...join, sender: alice, stateKey: alice }), 'not invited');
    const two = [...prevEventIds, scene.event({}).eventId];
    expectRefused(scene.authorize({ ...join, sender: alice, stateKey: alice, prevEventIds: two }), 'not invited');
  });

  test('nobody joins for somebody else', () => {
    const scene = room(version).with(bob).joinRule('public');
    expectRefused(scene.member(bob, carol, 'join'), 'for somebody else');
  });

  test('a banned user cannot join, not even a public room', () => {
    expectRefused(room(version).joinRule('public').membership(bob, 'ban').join(bob), 'banned');
  });

  test('anybody joins a public room', () => {
    const scene = room(version).joinRule('public').membership(carol, 'leave').membership(dave, 'knock');
    for (const user of [bob, carol, dave]) expectAllowed(scene.join(user));
  });

  test('only the invited and the joined join by invitation, which is the rule by default', () => {
    for (const scene of [room(version), room(version).joinRule('invite')]) {
      scene.membership(bob, 'invite').with(carol).membership(dave, 'leave');
      expectAllowed(scene.join(bob));
      expectAllowed(scene.join(carol));
      expectRefused(scene.join(dave), 'not invited');
    }
    expectRefused(room(version).join(bob), 'not invited');
  });

  test('nobody joins by an unknown or private join rule', () => {
    for (const rule of ['private', 'nonsense']) {
      expectRefused(room(version).joinRule(rule).membership(bob, 'invite').join(bob), 'the join rule');
    }
  });

  test('a user leaves, refuses an invitation, but does not leave twice or out of a ban', () => {
    const scene = room(version).with(bob).membership(carol, 'invite');
    expectAllowed(scene.leave(bob));
    expectAllowed(scene.leave(carol));
    expectRefused(scene.leave(dave), 'not in the room');
    expectRefused(scene.membership(bob, 'leave').leave(bob), 'not in the room');
    expectRefused(scene.membership(bob, 'ban').leave(bob), 'not in the room');
  });

  test('a kick needs the kick level and more power than its target', () => {
    const users = { [bob]: 50, [carol]: 49, [dave]: 50 };
    const scene = room(version).with(bob, carol, dave).levels({ users });
    expectAllowed(scene.kick(bob, carol));
    expectRefused(scene.kick(bob, dave), 'as much power');
    expectRefused(scene.kick(carol, dave), 'removing a user needs');
    scene.levels({ users, kick: 49 });
    expectRefused(scene.kick(carol, bob), 'as much power');
    expectRefused(scene.membership(bob, 'leave').kick(bob, carol), 'not in the room');
  });

  test('an invitation is retracted with the kick level', () => {
    const scene = room(version)
      .with(bob, carol)
      .membership(dave, 'invite')
      .levels({ users: { [bob]: 50 } });
    expectAllowed(scene.kick(bob, dave));
    expectRefused(scene.kick(carol, dave), 'removing a user needs');
  });

  test('lifting a ban needs both the ban and the kick level', () => {
    const scene = room(version).with(bob).membership(dave, 'ban');
    expectAllowed(scene.levels({ users: { [bob]: 50 } }).kick(bob, dave));
    expectRefused(scene.levels({ users: { [bob]: 50 }, ban: 51 }).kick(bob, dave), 'lifting a ban');
    expectRefused(scene.levels({ users: { [bob]: 50 }, kick: 51 }).kick(bob, dave), 'removing a user');
    expectRefused(scene.levels({ users: { [bob]: 50, [dave]: 50 } }).kick(bob, dave), 'as much power');
  });

  test('a ban needs the ban level and more power than its target, present or not', () => {
    const users = { [bob]: 50, [carol]: 49 };
    const scene = room(version).with(bob, carol).levels({ users });
    expectAllowed(scene.ban(bob, carol));
    expectAllowed(scene.ban(bob, dave));
    expectRefused(scene.ban(carol, dave), 'banning needs');
    expectRefused(scene.ban(bob, bob), 'as much power');
    expectRefused(scene.levels({ users: { ...users, [dave]: 50 } }).ban(bob, dave), 'as much power');
    expectRefused(scene.membership(bob, 'leave').ban(bob, carol), 'not in the room');
  });

  test('nobody bans or kicks the creator', () => {
    const scene = room(version).with(bob);
    expectRefused(scene.ban(bob, alice), 'banning needs');
    scene.levels({ users: version === '12' ? { [bob]: 100 } : { [bob]: 100, [alice]: 100 } });
    expectRefused(scene.ban(bob, alice), 'as much power');
    expectRefused(scene.kick(bob, alice), 'as much power');
  });
});

test('version 12: creators cannot ban each other', () => {
  const scene = room('12', { additional_creators: [bob] })
    .with(bob, carol)
    .levels({ users: { [carol]: 1000 } });
  expectRefused(scene.ban(bob, alice), 'as much power');
  expectRefused(scene.kick(alice, bob), 'as much power');
  expectAllowed(scene.ban(bob, carol));
});

test.each(versions('1', '10'))('version %s: who joins first is the creator named in content', (version) => {
  const scene = room(version, { creator: bob });
  const fields = { type: 'm.room.member', content: { membership: 'join' }, prevEventIds: [scene.create.eventId] };
  expectAllowed(scene.authorize({ ...fields, sender: bob, stateKey: bob }));
  expectRefused(
    scene.without('m.room.member', alice).authorize({ ...fields, sender: alice, stateKey: alice }),
    'not invited',
  );
});

test.each(versions('11'))('version %s: who joins first is the sender of the create event', (version) => {
  const scene = room(version, { creator: bob, additional_creators: [bob] });
  const fields = { type: 'm.room.member', content: { membership: 'join' }, prevEventIds: [scene.create.eventId] };
  expectAllowed(scene.authorize({ ...fields, sender: alice, stateKey: alice }));
  expectRefused(scene.authorize({ ...fields, sender: bob, stateKey: bob }), 'not invited');
});

describe('knocking', () => {
  test.each(versions('1', '6'))('version %s: does not exist', (version) => {
    const scene = room(version).joinRule('knock').membership(carol, 'invite').membership(dave, 'knock');
    expectRefused(scene.knock(bob), 'unknown membership');
    expectRefused(scene.join(carol), 'the join rule');
    expectRefused(scene.leave(dave), 'not in the room');
  });

  describe.each(versions('7'))('version %s', (version) => {
    test('needs the join rule', () => {
      expectAllowed(room(version).joinRule('knock').knock(bob));
      for (const rule of ['invite', 'public', 'restricted', 'private']) {
        expectRefused(room(version).joinRule(rule).knock(bob), 'does not allow knocking');
      }
      expectRefused(room(version).knock(bob), 'does not allow knocking');
    });

    test('is for those outside', () => {
      const scene = room(version).joinRule('knock');
      for (const membership of ['leave', 'knock']) expectAllowed(scene.membership(bob, membership).knock(bob));
      expectRefused(scene.membership(bob, 'ban').knock(bob), 'banned');
      expectRefused(scene.membership(bob, 'invite').knock(bob), 'already invited or joined');
      expectRefused(scene.with(bob).knock(bob), 'already invited or joined');
    });

    test('is for oneself', () => {
      expectRefused(room(version).joinRule('knock').with(bob).member(bob, carol, 'knock'), 'for somebody else');
    });

    test('is retracted by its user, and refused with the kick level', () => {
      const scene = room(version).joinRule('knock').membership(dave, 'knock').with(bob);
      expectAllowed(scene.leave(dave));
      expectAllowed(scene.kick(alice, dave));
      expectRefused(scene.kick(bob, dave), 'removing a user needs');
    });

    test('leaves joining to the invited', () => {
      const scene = room(version).joinRule('knock').membership(bob, 'knock').membership(carol, 'invite').with(dave);
      expectRefused(scene.join(bob), 'not invited');
      expectAllowed(scene.join(carol));
      expectAllowed(scene.join(dave));
    });
  });
});

describe('restricted rooms', () => {
  const by = (user: string) => ({ join_authorised_via_users_server: user });
  const scenes = (version: TestRoom['rules']['version']) =>
    (version === '8' || version === '9' ? ['restricted'] : ['restricted', 'knock_restricted']).map((rule) =>
      room(version).with(bob).joinRule(rule),
    );

  test.each(versions('1', '7'))('version %s: do not exist', (version) => {
    expectRefused(room(version).joinRule('restricted').join(carol, by(alice)), 'the join rule');
    expectRefused(room(version).joinRule('restricted').membership(carol, 'invite').join(carol), 'the join rule');
    // The key means nothing, so nobody needs to have signed for it.
    const signatures = { 'two.test': {} };
    const content = { membership: 'join', ...by('nonsense') };
    expectAllowed(
      room(version)
        .joinRule('public')
        .authorize({ type: 'm.room.member', stateKey: dave, sender: dave, content, pdu: { signatures } }),
    );
  });

  test.each(versions('1', '9'))('version %s: knock_restricted does not exist', (version) => {
    expectRefused(room(version).joinRule('knock_restricted').join(carol, by(alice)), 'the join rule');
    expectRefused(room(version).joinRule('knock_restricted').knock(carol), version < '7' ? 'unknown' : 'knocking');
  });

  test.each(versions('10'))('version %s: knock_restricted allows knocking', (version) => {
    expectAllowed(room(version).joinRule('knock_restricted').knock(carol));
  });

  describe.each(versions('8'))('version %s', (version) => {
    test('let in whom a member who may invite authorises', () => {
      for (const scene of scenes(version)) {
        expectAllowed(scene.join(carol, by(alice)));
        expectAllowed(scene.join(carol, by(bob)));
        expectRefused(scene.join(carol), 'nobody authorised');
        expectRefused(scene.join(carol, by(dave)), 'is not in the room');
        expectRefused(scene.join(carol, by(carol)), 'is not in the room');
        scene.levels({ invite: 50, users: { [bob]: 49 } });
        expectRefused(scene.join(carol, by(bob)), 'may not invite');
        expectAllowed(scene.levels({ invite: 50, users: { [bob]: 50 } }).join(carol, by(bob)));
      }
    });

    test('let the invited and the joined in without', () => {
      for (const scene of scenes(version)) {
        expectAllowed(scene.membership(carol, 'invite').join(carol));
        expectAllowed(scene.join(bob));
        expectRefused(scene.membership(carol, 'ban').join(carol, by(alice)), 'banned');
      }
    });

    test("need the signature of the authoriser's server, whatever the membership", () => {
      for (const membership of ['join', 'leave']) {
        const scene = room(version).joinRule('restricted').membership(dave, 'invite');
        const event = (signatures: object, authoriser: unknown = alice) =>
          scene.authorize({
            type: 'm.room.member',
            stateKey: dave,
            sender: dave,
            content: { membership, ...by(authoriser as string) },
            pdu: { signatures } as never,
          });
        const key = { 'ed25519:1': 'x' };
        expectAllowed(event({ 'two.test': key, 'one.test': key }));
        expectRefused(event({ 'two.test': key }), 'has not signed');
        // Signed by nobody: being made here.
        expectAllowed(event({}));
        for (const nonsense of ['alice', '', null, 7, {}]) expectRefused(event({}, nonsense), 'has not signed');
      }
    });
  });
});
