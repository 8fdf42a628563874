import { expect, test } from 'bun:test';
import { redactEvent, redactEventLegacy } from '#api/client/redaction.ts';
import type { Requester } from '#api/requester.ts';
import { RATE_LIMIT_DEFAULTS } from '#platform/config/index.ts';
import { createRateLimits } from '#platform/http/index.ts';
import type { EventId, RoomId } from '#protocol/identifiers/index.ts';
import { ROOM_VERSIONS, type RoomVersion } from '#protocol/room-versions/index.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { redactionFeature } from './index.ts';

async function setup(engine: TestEngine) {
  const world = await createWorld(engine);
  const { engine: rooms, directory, events, transactions } = world.rooms;
  const limits = createRateLimits({ limits: RATE_LIMIT_DEFAULTS, clock: world.clock });
  const { routes } = redactionFeature({
    engine: rooms,
    rooms: directory,
    events,
    transactions,
    random: world.random,
    limits,
  });
  const redact = async (as: Requester, roomId: RoomId, eventId: string, txnId = 'txn') => {
    const sent = { as, params: { roomId, eventId, txnId }, body: { reason: 'because' } };
    return (await world.call(routes, redactEvent, sent)).event_id;
  };
  const shown = async (eventId: EventId, reader: Requester) => {
    const event = (await world.rooms.events.byId(eventId))!;
    return JSON.parse(await world.rooms.clientEvents.serializeOne(event, { reader }));
  };
  return {
    world,
    routes,
    redact,
    shown,
    alice: world.user('alice'),
    bob: world.user('bob'),
    carol: world.user('carol'),
  };
}

forEachEngine('redaction', (engine) => {
  for (const version of Object.keys(ROOM_VERSIONS) as RoomVersion[]) {
    test(`an event of room version ${version} loses its content to a redaction and says which`, async () => {
      const { world, redact, shown, alice, bob } = await setup(engine);
      const roomId = await world.room(alice, { joinRule: 'public', version });
      await world.join(roomId, bob);
      const target = await world.message(roomId, alice, 'secret');
      const redaction = await redact(alice, roomId, target);
      const event = await shown(target, bob);
      expect(event.content).toEqual({});
      expect(event.unsigned.redacted_because).toMatchObject({
        event_id: redaction,
        redacts: target,
        content: { reason: 'because', redacts: target },
      });
    });
  }

  test('users redact what is theirs, moderators what is anybody’s, others nothing', async () => {
    const { world, redact, alice, bob, carol } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob, carol);
    const ofBob = await world.message(roomId, bob);
    expect(await refusal(redact(carol, roomId, ofBob))).toBe('403 M_FORBIDDEN');
    expect(await refusal(redact(bob, roomId, ofBob))).toBe('no refusal');
    expect(await refusal(redact(alice, roomId, await world.message(roomId, carol)))).toBe('no refusal');
  });

  test('who is not in the room redacts nothing in it, not even their own', async () => {
    const { world, redact, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    const ofAlice = await world.message(roomId, alice);
    expect(await refusal(redact(bob, roomId, ofAlice))).toBe('403 M_FORBIDDEN');
    await world.invite(roomId, alice, bob);
    expect(await refusal(redact(bob, roomId, ofAlice, '2'))).toBe('403 M_FORBIDDEN');
    await world.join(roomId, bob);
    const ofBob = await world.message(roomId, bob);
    await world.leave(roomId, bob);
    expect(await refusal(redact(bob, roomId, ofBob, '3'))).toBe('403 M_FORBIDDEN');
    await world.ban(roomId, alice, bob);
    expect(await refusal(redact(bob, roomId, ofBob, '4'))).toBe('403 M_FORBIDDEN');
    expect(await refusal(redact(bob, '!none:example.org' as RoomId, ofBob, '5'))).toBe('403 M_FORBIDDEN');
  });

  test('what is no event of the room is not found', async () => {
    const { world, redact, alice } = await setup(engine);
    const [roomId, other] = [await world.room(alice), await world.room(alice)];
    expect(await refusal(redact(alice, roomId, '$none'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(redact(alice, roomId, 'a\0b'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(redact(alice, roomId, await world.message(other, alice)))).toBe('404 M_NOT_FOUND');
  });

  test('the create event and the server ACL stay', async () => {
    const { world, redact, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const acl = await world.state(roomId, alice, 'm.room.server_acl', { allow: ['*'] });
    const create = await (await world.rooms.current.of(roomId))!.get('m.room.create');
    expect(await refusal(redact(alice, roomId, acl))).toBe('403 M_FORBIDDEN');
    expect(await refusal(redact(alice, roomId, create!.eventId))).toBe('403 M_FORBIDDEN');
  });

  test('a suspended user redacts what is theirs only', async () => {
    const { world, redact, alice } = await setup(engine);
    const bob = world.user('bob', { isSuspended: true });
    const roomId = await world.room(alice, { joinRule: 'public', powerLevels: { redact: 0 } });
    await world.join(roomId, bob);
    expect(await refusal(redact(bob, roomId, await world.message(roomId, alice)))).toBe('403 M_USER_SUSPENDED');
    expect(await refusal(redact(bob, roomId, await world.message(roomId, bob)))).toBe('no refusal');
  });

  test('a redaction repeated with its transaction id is one; without one, each request is another', async () => {
    const { world, routes, redact, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const target = await world.message(roomId, alice);
    const first = await redact(alice, roomId, target);
    expect(await redact(alice, roomId, target)).toBe(first);
    const sent = { as: alice, params: { roomId, eventId: target }, body: {} };
    expect((await world.call(routes, redactEventLegacy, sent)).event_id).not.toBe(first);
  });

  test('the content of redacted state is not told by what replaced it, nor by the member list', async () => {
    const { world, redact, shown, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const first = await world.state(roomId, alice, 'm.room.topic', { topic: 'secret' });
    const second = await world.state(roomId, alice, 'm.room.topic', { topic: 'fine' });
    await world.state(roomId, alice, 'm.room.topic', { topic: 'finer' });
    expect((await shown(second, alice)).unsigned.prev_content).toEqual({ topic: 'secret' });
    await redact(alice, roomId, first);
    expect((await shown(second, alice)).unsigned.prev_content).toEqual({});
    const renamed = await world.membership(roomId, alice, alice, 'join', { displayname: 'secret' });
    await redact(alice, roomId, renamed, '2');
    const { nid } = (await world.rooms.directory.find(roomId))!;
    expect((await world.rooms.members.find(nid, alice.userId))?.displayName).toBeUndefined();
    expect((await (await world.rooms.current.of(roomId))!.get('m.room.member', alice.userId))?.content).toEqual({
      membership: 'join',
    });
  });

  test('a shadow-banned user’s redaction goes nowhere', async () => {
    const { world, redact, shown, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const target = await world.message(roomId, alice, 'x');
    await redact({ ...alice, isShadowBanned: true }, roomId, target);
    expect((await shown(target, alice)).content.body).toBe('x');
  });
});
