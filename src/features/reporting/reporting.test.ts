import { expect, test } from 'bun:test';
import { reportEvent, reportRoom, reportUser } from '#api/client/report-content.ts';
import type { Requester } from '#api/requester.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { profilesAndDirectory } from '../../../migrations/0005-profiles-and-directory.ts';
import { type ReportKind, reportingFeature } from './index.ts';

async function setUp(engine: TestEngine) {
  const world = await createWorld(engine, { migrations: [profilesAndDirectory] });
  const [alice, bob] = [world.user('alice'), world.user('bob')];
  const known: UserId[] = [alice.userId, bob.userId];
  const slice = reportingFeature({ ...world, userExists: async (userId) => known.includes(userId) });
  const { routes, reports } = slice;
  const event = (as: Requester, roomId: RoomId, eventId: string, body: JsonObject = {}) =>
    world.call(routes, reportEvent, { as, params: { roomId, eventId }, body });
  const room = (as: Requester, roomId: RoomId, reason = '') =>
    world.call(routes, reportRoom, { as, params: { roomId }, body: { reason } });
  const user = (as: Requester, userId: string, reason = '') =>
    world.call(routes, reportUser, { as, params: { userId: userId as UserId }, body: { reason } });
  const list = (kind: ReportKind) => reports.list({ kind, newestFirst: true, offset: 0, limit: 100 });
  return { world, event, room, user, list, ...slice, alice, bob };
}

forEachEngine('reports', (engine) => {
  test('of an event are taken from members who may see it', async () => {
    const { world, event, list, alice, bob } = await setUp(engine);
    const roomId = await world.room(alice, { joinRule: 'public', historyVisibility: 'joined' });
    const before = await world.message(roomId, alice);
    const [stranger, invited, left, banned] = ['stranger', 'invited', 'left', 'banned'].map((name) =>
      world.user(name),
    ) as [Requester, Requester, Requester, Requester];
    await world.join(roomId, bob, left);
    const eventId = await world.message(roomId, alice);
    await world.leave(roomId, left);
    await world.invite(roomId, alice, invited);
    await world.ban(roomId, alice, banned);
    for (const outsider of [stranger, invited, left, banned]) {
      expect(await refusal(event(outsider, roomId, eventId))).toBe('404 M_NOT_FOUND');
    }
    expect(await refusal(event(bob, roomId, before))).toBe('404 M_NOT_FOUND');
    expect(await refusal(event(bob, roomId, '$unknown'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(event(bob, '!unknown:example.org' as RoomId, eventId))).toBe('404 M_NOT_FOUND');
    expect(await refusal(event(alice, await world.room(alice), eventId))).toBe('404 M_NOT_FOUND');
    expect(await list('event')).toEqual([]);
    await event(bob, roomId, eventId, { reason: 'this makes me sad', score: -100 });
    const common = { kind: 'event' as const, reporter: bob.userId, roomId, eventId, targetUserId: alice.userId };
    const [report] = await list('event');
    const { id, receivedTs } = report!;
    expect(report).toEqual({ ...common, id, receivedTs, reason: 'this makes me sad', score: -100 });
    expect(receivedTs).toBe(world.clock.now());
    await event(bob, roomId, eventId);
    expect((await list('event')).map(({ reason, score }) => [reason, score])).toEqual([
      [undefined, undefined],
      ['this makes me sad', -100],
    ]);
  });

  test('of a room are taken from anybody, of rooms that there are', async () => {
    const { world, room, list, alice, bob } = await setUp(engine);
    const roomId = await world.room(alice);
    await world.ban(roomId, alice, world.user('banned'));
    for (const reporter of [bob, alice, world.user('banned')]) {
      expect(await refusal(room(reporter, roomId, 'spam'))).toBe('no refusal');
    }
    expect(await refusal(room(bob, '!unknown:example.org' as RoomId))).toBe('404 M_NOT_FOUND');
    expect((await list('room')).map((report) => report.reporter as string)).toEqual([
      '@banned:example.org',
      alice.userId,
      bob.userId,
    ]);
  });

  test('of a user are always accepted, and kept if there may be such a user', async () => {
    const { user, list, alice, bob } = await setUp(engine);
    for (const target of [bob.userId, '@nobody:example.org', '@far:elsewhere.org']) {
      expect(await refusal(user(alice, target, 'rude'))).toBe('no refusal');
    }
    expect((await list('user')).map((report) => report.targetUserId as string)).toEqual([
      '@far:elsewhere.org',
      bob.userId,
    ]);
  });

  test('have reasons of at most 1000 characters, and scores that are numbers', async () => {
    const { world, event, room, user, alice, bob } = await setUp(engine);
    const roomId = await world.room(alice);
    const eventId = await world.message(roomId, alice);
    const [long, longest] = ['x'.repeat(1001), 'x'.repeat(1000)];
    expect(await refusal(event(alice, roomId, eventId, { reason: long }))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(room(alice, roomId, long))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(user(alice, bob.userId, long))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(user(alice, '@nobody:example.org', long))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(room(alice, roomId, longest))).toBe('no refusal');
    expect(await refusal(room(alice, roomId, 'a\0'))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(event(alice, roomId, eventId, { score: 1e300 }))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(event(alice, roomId, eventId, { score: 'x' }))).toBe('400 M_BAD_JSON');
  });

  test('need a login', async () => {
    const { world, event, room, user, bob } = await setUp(engine);
    const roomId = '!room:example.org' as RoomId;
    for (const as of [undefined as never, world.user('guest', { isGuest: true })]) {
      const expected = as === undefined ? '401 M_MISSING_TOKEN' : '403 M_GUEST_ACCESS_FORBIDDEN';
      expect(await refusal(event(as, roomId, '$e'))).toBe(expected);
      expect(await refusal(room(as, roomId))).toBe(expected);
      expect(await refusal(user(as, bob.userId))).toBe(expected);
    }
  });

  test('are listed, found and deleted by administrators', async () => {
    const { world, room, user, reports, alice, bob } = await setUp(engine);
    const [first, second] = [await world.room(alice), await world.room(alice)];
    await room(alice, first, 'one');
    await room(bob, second, 'two');
    await user(bob, alice.userId, 'three');
    const query = { kind: 'room' as const, newestFirst: false, offset: 0, limit: 10 };
    const reasons = async (about: object) => (await reports.list({ ...query, ...about })).map(({ reason }) => reason);
    expect(await reasons({})).toEqual(['one', 'two']);
    expect(await reasons({ newestFirst: true, limit: 1 })).toEqual(['two']);
    expect(await reasons({ offset: 1 })).toEqual(['two']);
    expect(await reasons({ reporter: 'lice' })).toEqual(['one']);
    expect(await reasons({ roomId: second })).toEqual(['two']);
    expect(await reasons({ reporter: '%' })).toEqual([]);
    expect(await reports.count({ ...query, limit: 1 })).toBe(2);
    const [report] = await reports.list(query);
    expect(await reports.find('room', report!.id)).toEqual(report!);
    expect(await reports.find('user', report!.id)).toBeUndefined();
    expect(await reports.delete('user', report!.id)).toBe(false);
    expect(await reports.delete('room', report!.id)).toBe(true);
    expect(await reports.delete('room', report!.id)).toBe(false);
    expect(await reasons({})).toEqual(['two']);
  });
});
