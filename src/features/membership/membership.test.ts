import { expect, test } from 'bun:test';
import { ban, unban } from '#api/client/banning.ts';
import { inviteUser, inviteUserLegacy } from '#api/client/inviting.ts';
import { joinRoom, joinRoomById } from '#api/client/joining.ts';
import { kick } from '#api/client/kicking.ts';
import { knockRoom } from '#api/client/knocking.ts';
import { forgetRoom, leaveRoom } from '#api/client/leaving.ts';
import { getJoinedRooms } from '#api/client/list-joined-rooms.ts';
import type { Requester } from '#api/requester.ts';
import type { KeyId, RoomAlias, RoomId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { signingKeyFromSeed, signJson } from '#protocol/signing/index.ts';
import { forEachEngine } from '#test/storage.ts';
import { createWorld, eventually, refusal, type World } from '#test/world.ts';
import { membershipOn } from './test-membership.ts';

async function membershipIn(world: World, roomId: RoomId, user: Requester) {
  const state = (await world.rooms.current.of(roomId))!;
  return (await state.get('m.room.member', user.userId))?.content;
}

forEachEngine('membership', (engine) => {
  async function setup(options: Parameters<typeof membershipOn>[1] = {}) {
    const world = await createWorld(engine);
    const feature = membershipOn(world, options);
    const [alice, bob, carol] = [world.user('alice'), world.user('bob'), world.user('carol')];
    const call = <E extends Parameters<typeof world.call>[1]>(contract: E, sent: Parameters<typeof world.call>[2]) =>
      world.call(feature.routes, contract, sent as never);
    return { world, feature, alice, bob, carol, call, routes: feature.routes };
  }

  test('a user joins a public room by id and by alias, with their profile and keys of their own', async () => {
    const { world, alice, bob, carol, call } = await setup({
      profiles: { '@bob:example.org': { displayname: 'Bob', avatar_url: 'mxc://example.org/b' } },
      aliases: {},
    });
    const roomId = await world.room(alice, { joinRule: 'public' });
    const { routes } = membershipOn(world, { aliases: { '#pub:example.org': roomId } });
    expect(await call(joinRoomById, { as: bob, params: { roomId }, body: { foo: 'bar', reason: 'hi' } })).toEqual({
      room_id: roomId,
    });
    expect(await membershipIn(world, roomId, bob)).toEqual({
      membership: 'join',
      displayname: 'Bob',
      avatar_url: 'mxc://example.org/b',
      foo: 'bar',
      reason: 'hi',
    });
    const alias = '#pub:example.org' as RoomAlias;
    const joined = await world.call(routes, joinRoom, { as: carol, params: { roomIdOrAlias: alias }, query: {} });
    expect(joined).toEqual({ room_id: roomId });
    const unknown = '#none:example.org' as RoomAlias;
    expect(await refusal(call(joinRoom, { as: carol, params: { roomIdOrAlias: unknown }, query: {} }))).toBe(
      '404 M_NOT_FOUND',
    );
  });

  test('joining a room twice is joining it once', async () => {
    const { world, alice, bob, call } = await setup();
    const roomId = await world.room(alice, { joinRule: 'public' });
    await call(joinRoomById, { as: bob, params: { roomId } });
    const before = await world.rooms.members.find((await world.rooms.directory.find(roomId))!.nid, bob.userId);
    await call(joinRoomById, { as: bob, params: { roomId } });
    const after = await world.rooms.members.find((await world.rooms.directory.find(roomId))!.nid, bob.userId);
    expect(after?.eventNid).toBe(before!.eventNid);
  });

  test('joining twice at the same moment is joining once, also where somebody has to authorise it', async () => {
    const { world, alice, bob, call } = await setup();
    const lobby = await world.room(alice, { joinRule: 'public' });
    await world.join(lobby, bob);
    const roomId = await world.room(alice);
    const allow = [{ type: 'm.room_membership', room_id: lobby }];
    await world.state(roomId, alice, 'm.room.join_rules', { join_rule: 'restricted', allow });
    const before = world.streams.current();
    await Promise.all([1, 2, 3].map(() => call(joinRoomById, { as: bob, params: { roomId } })));
    const { nid } = (await world.rooms.directory.find(roomId))!;
    expect(await world.rooms.timeline.newest(nid, before, world.streams.current(), 10)).toHaveLength(1);
  });

  test('an invite by e-mail address lets in whom the identity server vouches for, and nobody else', async () => {
    const { world, alice, bob, carol, call } = await setup();
    const key = signingKeyFromSeed('ed25519:0' as KeyId, Buffer.alloc(32, 7).toString('base64'));
    const roomId = await world.room(alice);
    const invitation = { display_name: 'b...@example.com', public_key: key.publicKey, key_validity_url: 'https://id/' };
    await world.state(roomId, alice, 'm.room.third_party_invite', invitation, 'token');
    const signedBy = (by: typeof key, mxid: UserId, token = 'token') => ({
      third_party_signed: {
        sender: alice.userId,
        ...signJson({ mxid, token }, 'id.example.com' as ServerName, by),
      } as never,
    });
    const join = (as: Requester, body: JsonObject) => call(joinRoomById, { as, params: { roomId }, body });
    expect(await refusal(join(carol, signedBy(key, bob.userId)))).toBe('403 M_FORBIDDEN');
    expect(await membershipIn(world, roomId, bob)).toBeUndefined();
    expect(await refusal(join(bob, signedBy(key, bob.userId, 'other')))).toBe('403 M_FORBIDDEN');
    const forger = signingKeyFromSeed('ed25519:0' as KeyId, Buffer.alloc(32, 8).toString('base64'));
    expect(await refusal(join(bob, signedBy(forger, bob.userId)))).toBe('403 M_FORBIDDEN');
    await join(bob, signedBy(key, bob.userId));
    expect((await membershipIn(world, roomId, bob))?.membership).toBe('join');
  });

  test('only who is invited joins a room by invitation, nobody who is banned, and an unknown room is not found', async () => {
    const { world, alice, bob, carol, call } = await setup();
    const roomId = await world.room(alice);
    expect(await refusal(call(joinRoomById, { as: bob, params: { roomId } }))).toBe('403 M_FORBIDDEN');
    await call(inviteUser, { as: alice, params: { roomId }, body: { user_id: bob.userId } });
    await call(joinRoomById, { as: bob, params: { roomId } });
    await call(ban, { as: alice, params: { roomId }, body: { user_id: carol.userId, reason: 'spam' } });
    expect(await refusal(call(joinRoomById, { as: carol, params: { roomId } }))).toBe('403 M_FORBIDDEN');
    const nowhere = '!nowhere:example.org' as RoomId;
    expect(await refusal(call(joinRoomById, { as: bob, params: { roomId: nowhere } }))).toBe('404 M_NOT_FOUND');
  });

  test('an invite carries profile and reason, and is refused to oneself, to members, to the banned and by outsiders', async () => {
    const { world, alice, bob, carol, call } = await setup({
      profiles: { '@bob:example.org': { displayname: 'Bob' } },
    });
    const dave = world.user('dave');
    const roomId = await world.room(alice);
    const invite = (as: Requester, target: Requester) =>
      refusal(call(inviteUser, { as, params: { roomId }, body: { user_id: target.userId, reason: 'come' } }));
    expect(await invite(alice, alice)).toBe('403 M_FORBIDDEN');
    expect(await invite(alice, bob)).toBe('no refusal');
    expect(await membershipIn(world, roomId, bob)).toEqual({
      membership: 'invite',
      displayname: 'Bob',
      reason: 'come',
    });
    // Who is invited, was never there, has left or is banned invites nobody.
    expect(await invite(bob, dave)).toBe('403 M_FORBIDDEN');
    expect(await invite(carol, dave)).toBe('403 M_FORBIDDEN');
    await world.join(roomId, bob);
    expect(await invite(alice, bob)).toBe('403 M_FORBIDDEN');
    await world.leave(roomId, bob);
    expect(await invite(bob, dave)).toBe('403 M_FORBIDDEN');
    await world.ban(roomId, alice, bob);
    expect(await invite(bob, dave)).toBe('403 M_FORBIDDEN');
    expect(await invite(alice, bob)).toBe('403 M_FORBIDDEN');
  });

  test('a user who blocks invites gets none', async () => {
    const { world, alice, bob, carol, call } = await setup({ blocking: ['@bob:example.org' as UserId] });
    const roomId = await world.room(alice);
    const body = { user_id: bob.userId };
    expect(await refusal(call(inviteUser, { as: alice, params: { roomId }, body }))).toBe('403 M_INVITE_BLOCKED');
    // Whoever could not invite anyway does not learn of it.
    expect(await refusal(call(inviteUser, { as: carol, params: { roomId }, body }))).toBe('403 M_FORBIDDEN');
  });

  test('an invite by e-mail address is refused, and one of nobody is malformed', async () => {
    const { world, alice, call } = await setup();
    const roomId = await world.room(alice);
    const byAddress = { id_server: 'id.example.org', id_access_token: 'x', medium: 'email', address: 'a@example.org' };
    expect(await refusal(call(inviteUser, { as: alice, params: { roomId }, body: byAddress }))).toBe('403 M_FORBIDDEN');
    expect(await refusal(call(inviteUser, { as: alice, params: { roomId }, body: {} }))).toBe('400 M_MISSING_PARAM');
  });

  test('invites are limited by who invites, who is invited, and the room', async () => {
    const { world, alice, bob, call } = await setup({
      limit: { 'rc_invites.per_user': { perSecond: 0.001, burstCount: 1 } },
    });
    const [first, second] = [await world.room(alice), await world.room(alice)];
    const invite = (roomId: RoomId) =>
      refusal(call(inviteUser, { as: alice, params: { roomId }, body: { user_id: bob.userId } }));
    expect([await invite(first), await invite(second)]).toEqual(['no refusal', '429 M_LIMIT_EXCEEDED']);
  });

  test('a shadow-banned user invites and kicks nobody, and does not notice', async () => {
    const { world, alice, bob, call } = await setup();
    const shadowed = { ...alice, isShadowBanned: true };
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const carol = world.user('carol');
    expect(await call(inviteUser, { as: shadowed, params: { roomId }, body: { user_id: carol.userId } })).toEqual({});
    expect(await call(kick, { as: shadowed, params: { roomId }, body: { user_id: bob.userId } })).toEqual({});
    expect(await membershipIn(world, roomId, carol)).toBeUndefined();
    expect((await membershipIn(world, roomId, bob))?.membership).toBe('join');
  });

  test('a user leaves, rejects an invite, leaves again without effect, and cannot leave where they never were', async () => {
    const { world, alice, bob, carol, call } = await setup();
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    expect(await call(leaveRoom, { as: bob, params: { roomId }, body: { reason: 'bye' } })).toEqual({});
    expect(await membershipIn(world, roomId, bob)).toEqual({ membership: 'leave', reason: 'bye' });
    expect(await refusal(call(leaveRoom, { as: bob, params: { roomId } }))).toBe('no refusal');
    expect(await membershipIn(world, roomId, bob)).toEqual({ membership: 'leave', reason: 'bye' });
    await world.invite(roomId, alice, carol);
    await call(leaveRoom, { as: carol, params: { roomId } });
    expect((await membershipIn(world, roomId, carol))?.membership).toBe('leave');
    expect(await refusal(call(leaveRoom, { as: world.user('dave'), params: { roomId } }))).toBe('403 M_FORBIDDEN');
    await world.ban(roomId, alice, bob);
    expect(await refusal(call(leaveRoom, { as: bob, params: { roomId } }))).toBe('403 M_FORBIDDEN');
  });

  test('an invite to a room whose members have all left can be rejected', async () => {
    const { world, alice, bob, call } = await setup();
    const roomId = await world.room(alice);
    await world.invite(roomId, alice, bob);
    await world.leave(roomId, alice);
    expect(await refusal(call(leaveRoom, { as: bob, params: { roomId } }))).toBe('no refusal');
  });

  test('who is in the room, invited or knocking can be kicked, nobody else', async () => {
    const { world, alice, bob, carol, call } = await setup();
    const roomId = await world.room(alice, { joinRule: 'public' });
    const kicked = (as: Requester, target: Requester) =>
      refusal(call(kick, { as, params: { roomId }, body: { user_id: target.userId, reason: 'x' } }));
    expect(await kicked(alice, bob)).toBe('403 M_FORBIDDEN');
    await world.join(roomId, bob, carol);
    expect(await kicked(bob, carol)).toBe('403 M_FORBIDDEN');
    expect(await kicked(alice, bob)).toBe('no refusal');
    expect(await membershipIn(world, roomId, bob)).toEqual({ membership: 'leave', reason: 'x' });
    expect(await kicked(alice, bob)).toBe('403 M_FORBIDDEN');
    expect(await kicked(bob, carol)).toBe('403 M_FORBIDDEN');
    await world.ban(roomId, alice, bob);
    expect(await kicked(alice, bob)).toBe('403 M_FORBIDDEN');
    await world.invite(roomId, alice, world.user('dave'));
    expect(await kicked(world.user('dave'), carol)).toBe('403 M_FORBIDDEN');
    expect(await kicked(alice, world.user('dave'))).toBe('no refusal');
  });

  test('a ban needs power and holds until it is lifted', async () => {
    const { world, alice, bob, carol, call } = await setup();
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const act = (contract: typeof ban | typeof unban, as: Requester, target: Requester) =>
      refusal(call(contract, { as, params: { roomId }, body: { user_id: target.userId } }));
    expect(await act(ban, bob, alice)).toBe('403 M_FORBIDDEN');
    expect(await act(ban, carol, bob)).toBe('403 M_FORBIDDEN');
    expect(await act(unban, alice, bob)).toBe('403 M_BAD_STATE');
    expect(await act(ban, alice, bob)).toBe('no refusal');
    expect(await act(unban, carol, bob)).toBe('403 M_FORBIDDEN');
    expect(await act(unban, alice, bob)).toBe('no refusal');
    expect(await refusal(call(joinRoomById, { as: bob, params: { roomId } }))).toBe('no refusal');
  });

  test('a user knocks, again, takes it back, is rejected, is let in; not where they are invited, in or banned', async () => {
    const { world, alice, bob, call } = await setup({ profiles: { '@bob:example.org': { displayname: 'Bob' } } });
    const roomId = await world.room(alice, { joinRule: 'invite' });
    const knock = (reason?: string) =>
      refusal(
        call(knockRoom, {
          as: bob,
          params: { roomIdOrAlias: roomId },
          query: {},
          body: reason === undefined ? {} : { reason },
        }),
      );
    expect(await knock('hi')).toBe('403 M_FORBIDDEN');
    await world.state(roomId, alice, 'm.room.join_rules', { join_rule: 'knock' });
    expect(await refusal(call(joinRoomById, { as: bob, params: { roomId } }))).toBe('403 M_FORBIDDEN');
    expect(await knock('hi')).toBe('no refusal');
    expect(await knock('hello')).toBe('no refusal');
    expect(await membershipIn(world, roomId, bob)).toEqual({
      membership: 'knock',
      reason: 'hello',
      displayname: 'Bob',
    });
    await call(leaveRoom, { as: bob, params: { roomId } });
    expect(await knock()).toBe('no refusal');
    await call(kick, { as: alice, params: { roomId }, body: { user_id: bob.userId } });
    expect(await knock()).toBe('no refusal');
    await call(inviteUser, { as: alice, params: { roomId }, body: { user_id: bob.userId } });
    expect(await knock()).toBe('403 M_FORBIDDEN');
    await world.join(roomId, bob);
    expect(await knock()).toBe('403 M_FORBIDDEN');
    await world.ban(roomId, alice, bob);
    expect(await knock()).toBe('403 M_FORBIDDEN');
  });

  for (const joinRule of ['restricted', 'knock_restricted']) {
    test(`a ${joinRule} room lets in the members of another, authorised by who may invite`, async () => {
      const { world, alice, bob, call } = await setup();
      const lobby = await world.room(alice, { joinRule: 'public' });
      const allow = [{ type: 'm.room_membership', room_id: lobby }];
      const roomId = await world.room(alice, { version: '11' });
      const setRule = (allowed: unknown) =>
        world.state(roomId, alice, 'm.room.join_rules', { join_rule: joinRule, allow: allowed as never });
      await setRule(allow);
      const join = () => refusal(call(joinRoomById, { as: bob, params: { roomId } }));
      expect(await join()).toBe('403 M_FORBIDDEN');
      await world.join(lobby, bob);
      expect(await join()).toBe('no refusal');
      expect((await membershipIn(world, roomId, bob))?.join_authorised_via_users_server).toBe(alice.userId);
      // Once in, a client's own word on who authorised is dropped.
      await call(joinRoomById, {
        as: bob,
        params: { roomId },
        body: { displayname: 'Bobby', join_authorised_via_users_server: 'unused' },
      });
      expect(await membershipIn(world, roomId, bob)).toEqual({ membership: 'join', displayname: 'Bobby' });
      await world.leave(roomId, bob);
      await setRule(['invalid']);
      expect(await join()).toBe('403 M_FORBIDDEN');
      await setRule('invalid');
      expect(await join()).toBe('403 M_FORBIDDEN');
      await world.invite(roomId, alice, bob);
      expect(await join()).toBe('no refusal');
    });
  }

  test('nobody who may not invite can let members of the other room in', async () => {
    const { world, alice, bob, carol, call } = await setup();
    const lobby = await world.room(alice, { joinRule: 'public' });
    await world.join(lobby, bob, carol);
    const roomId = await world.room(alice, { powerLevels: { invite: 50 } });
    await world.state(roomId, alice, 'm.room.join_rules', {
      join_rule: 'restricted',
      allow: [{ type: 'm.room_membership', room_id: lobby }],
    });
    await call(joinRoomById, { as: carol, params: { roomId } });
    await world.leave(roomId, alice);
    expect(await refusal(call(joinRoomById, { as: bob, params: { roomId } }))).toBe('400 M_UNABLE_TO_GRANT_JOIN');
  });

  test('guests join where they may, and go when they may no more', async () => {
    const { world, alice, call } = await setup({ guests: ['@guest:example.org' as UserId] });
    const guest = world.user('guest', { isGuest: true });
    const roomId = await world.room(alice, { joinRule: 'public' });
    expect(await refusal(call(joinRoomById, { as: guest, params: { roomId } }))).toBe('403 M_GUEST_ACCESS_FORBIDDEN');
    await world.state(roomId, alice, 'm.room.guest_access', { guest_access: 'can_join' });
    await call(joinRoomById, { as: guest, params: { roomId } });
    await world.state(roomId, alice, 'm.room.guest_access', { guest_access: 'forbidden' });
    await eventually(async () => (await membershipIn(world, roomId, guest))?.membership === 'leave');
    expect((await membershipIn(world, roomId, alice))?.membership).toBe('join');
  });

  test('a room is forgotten once it has been left, and not before', async () => {
    const { world, alice, bob, call } = await setup();
    const roomId = await world.room(alice, { joinRule: 'public' });
    const forget = (as: Requester) => refusal(call(forgetRoom, { as, params: { roomId } }));
    expect(await forget(alice)).toBe('400 M_UNKNOWN');
    // Nothing tells a stranger whether there is such a room.
    expect(await forget(bob)).toBe('no refusal');
    await world.join(roomId, bob);
    await world.leave(roomId, alice);
    expect(await forget(alice)).toBe('no refusal');
    expect(await refusal(world.rooms.visibility.accessOf(roomId, alice.userId))).toBe('403 M_FORBIDDEN');
  });

  test('where the configuration says so, a room that is left is forgotten', async () => {
    const { world, alice, bob, call } = await setup({ configured: { forgetRoomsOnLeave: true } });
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    await call(leaveRoom, { as: bob, params: { roomId } });
    const { nid } = (await world.rooms.directory.find(roomId))!;
    expect((await world.rooms.members.find(nid, bob.userId))?.isForgotten).toBe(true);
  });

  test('the joined rooms are those joined, of nobody else', async () => {
    const { world, alice, bob, call } = await setup();
    const [first, second] = [await world.room(alice), await world.room(alice, { joinRule: 'public' })];
    await world.join(second, bob);
    expect(await call(getJoinedRooms, { as: bob })).toEqual({ joined_rooms: [second] });
    expect(((await call(getJoinedRooms, { as: alice })) as { joined_rooms: string[] }).joined_rooms.sort()).toEqual(
      [first, second].sort(),
    );
    await world.leave(second, bob);
    expect(await call(getJoinedRooms, { as: bob })).toEqual({ joined_rooms: [] });
  });

  test('an invite repeated with its transaction id is one invite', async () => {
    const { world, alice, bob, call } = await setup();
    const roomId = await world.room(alice);
    const sent = { as: alice, params: { roomId, txnId: '1' }, body: { user_id: bob.userId } };
    await call(inviteUserLegacy, sent);
    await world.join(roomId, bob);
    expect(await refusal(call(inviteUserLegacy, sent))).toBe('no refusal');
    expect((await membershipIn(world, roomId, bob))?.membership).toBe('join');
  });

  test('who is invited sees the state of the room as it was when they were', async () => {
    const { world, feature, alice, bob } = await setup();
    const roomId = await world.room(alice, { name: 'Before', state: [{ type: 'org.secret', content: { x: 1 } }] });
    await world.invite(roomId, alice, bob);
    await world.state(roomId, alice, 'm.room.name', { name: 'After' });
    const { nid } = (await world.rooms.directory.find(roomId))!;
    const shown = await feature.inviteState.of((await world.rooms.members.find(nid, bob.userId))!);
    expect(shown.map(({ type, state_key: key }) => `${type} ${key}`)).toEqual([
      'm.room.create ',
      'm.room.name ',
      'm.room.join_rules ',
      `m.room.member ${alice.userId}`,
      `m.room.member ${bob.userId}`,
    ]);
    expect(shown[0]).toHaveProperty('origin_server_ts');
    expect(shown[1]).toEqual({ type: 'm.room.name', state_key: '', sender: alice.userId, content: { name: 'Before' } });
  });

  test('an invite is accepted by itself where the configuration says so', async () => {
    const { world, alice, bob, call } = await setup({
      configured: { autoAcceptInvites: { enabled: true, onlyForDirectMessages: false, onlyFromLocalUsers: true } },
    });
    const roomId = await world.room(alice);
    await call(inviteUser, { as: alice, params: { roomId }, body: { user_id: bob.userId } });
    await eventually(async () => (await membershipIn(world, roomId, bob))?.membership === 'join');
  });
});
