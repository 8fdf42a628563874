import { expect, test } from 'bun:test';
import { deleteProfileField, getProfileField, getUserProfile, setProfileField } from '#api/client/profile.ts';
import type { Requester } from '#api/requester.ts';
import { statement } from '#platform/storage/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { roomSummariesIn } from '#test/slices.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { profilesAndDirectory } from '../../../migrations/0005-profiles-and-directory.ts';
import { type ProfileDeps, type ProfileNames, profileFeature } from './index.ts';

const config: ProfileDeps['config'] = {
  requireAuthForProfileRequests: false,
  limitProfileRequestsToSharedRooms: false,
  maxAvatarSizeBytes: undefined,
  allowedAvatarMimetypes: undefined,
  enableSetDisplayname: true,
  enableSetAvatarUrl: true,
};

async function setUp(
  engine: TestEngine,
  changes: Partial<ProfileDeps['config']> = {},
  more: Partial<ProfileDeps> = {},
) {
  const world = await createWorld(engine, { migrations: [profilesAndDirectory] });
  const { summaries } = roomSummariesIn(world);
  const told: [UserId, ProfileNames | undefined][] = [];
  const slice = profileFeature({
    ...world,
    config: { ...config, ...changes },
    log: { warn: () => undefined },
    hooks: [(_batch, userId, profile) => void told.push([userId, profile])],
    isInPublicRoom: (userId) => summaries.isInPublicRoom(userId),
    ...more,
  });
  const { routes, profiles } = slice;
  const [alice, bob] = [world.user('alice'), world.user('bob')];
  await world.streams.commit((batch) => {
    profiles.accountCreated(batch, alice.userId);
    profiles.accountCreated(batch, bob.userId, 'Bob');
  });
  const get = (userId: UserId, as?: Requester) => world.call(routes, getUserProfile, { as, params: { userId } });
  const getField = (userId: UserId, keyName: string, as?: Requester) =>
    world.call(routes, getProfileField, { as, params: { userId, keyName } });
  const put = (as: Requester, keyName: string, body: JsonObject, userId = as.userId, query: JsonObject = {}) =>
    world.call(routes, setProfileField, { as, params: { userId, keyName }, body, query });
  const remove = (as: Requester, keyName: string, userId = as.userId) =>
    world.call(routes, deleteProfileField, { as, params: { userId, keyName } });
  const member = async (roomId: RoomId, userId: UserId) =>
    (await (await world.rooms.current.of(roomId))?.get('m.room.member', userId))?.content;
  return { world, told, get, getField, put, remove, member, ...slice, alice, bob };
}

forEachEngine('profiles', (engine) => {
  test('a new account has its localpart, or the name it was given, for a display name', async () => {
    const { get, getField, profileOf, alice, bob } = await setUp(engine);
    expect(await get(alice.userId)).toEqual({ displayname: 'alice' });
    expect(await getField(bob.userId, 'displayname')).toEqual({ displayname: 'Bob' });
    expect(await profileOf(bob.userId)).toEqual({ displayName: 'Bob', avatarUrl: undefined });
    expect(await profileOf('@none:example.org' as UserId)).toEqual({ displayName: undefined, avatarUrl: undefined });
  });

  test('fields of any name and value are set, read and removed', async () => {
    const { get, getField, put, remove, alice, bob } = await setUp(engine);
    await put(alice, 'displayname', { displayname: 'Alice' });
    await put(alice, 'avatar_url', { avatar_url: 'mxc://example.org/a' });
    await put(alice, 'm.tz', { 'm.tz': 'Europe/London' });
    await put(alice, 'org.example.pronouns', { 'org.example.pronouns': [{ a: 1.5 }, null] });
    await put(alice, 'org.example.null', { 'org.example.null': null });
    const all = {
      displayname: 'Alice',
      avatar_url: 'mxc://example.org/a',
      'm.tz': 'Europe/London',
      'org.example.pronouns': [{ a: 1.5 }, null],
      'org.example.null': null,
    };
    expect(await get(alice.userId, bob)).toEqual(all);
    expect(await getField(alice.userId, 'org.example.null')).toEqual({ 'org.example.null': null });
    for (const key of Object.keys(all)) await remove(alice, key);
    expect(await get(alice.userId)).toEqual({});
    expect(await refusal(getField(alice.userId, 'displayname'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(remove(alice, 'm.tz'))).toBe('no refusal');
    await put(alice, 'displayname', { displayname: 'Alice' });
    await put(alice, 'displayname', { displayname: '' });
    expect(await get(alice.userId)).toEqual({});
  });

  test('names, values and the whole profile have limits', async () => {
    const { put, getField, alice } = await setUp(engine);
    const set = (key: string, value: JsonObject[string]) => refusal(put(alice, key, { [key]: value }));
    expect(await set('k'.repeat(256), 1)).toBe('400 M_KEY_TOO_LARGE');
    expect(await set('k'.repeat(255), 1)).toBe('no refusal');
    for (const key of ['Display', '_a', '1a', 'a b', 'ä', '__proto__']) {
      expect(await set(key, 1)).toBe('400 M_INVALID_PARAM');
      expect(await refusal(getField(alice.userId, key))).toBe('400 M_INVALID_PARAM');
    }
    expect(await refusal(put(alice, 'displayname', { avatar_url: 'x' }))).toBe('400 M_MISSING_PARAM');
    expect(await refusal(put(alice, 'constructor', {}))).toBe('400 M_MISSING_PARAM');
    for (const key of ['displayname', 'avatar_url', 'm.tz']) {
      expect(await set(key, null)).toBe('400 M_INVALID_PARAM');
      expect(await set(key, 7)).toBe('400 M_INVALID_PARAM');
    }
    expect(await set('displayname', '😀'.repeat(257))).toBe('400 M_INVALID_PARAM');
    expect(await set('displayname', '😀'.repeat(256))).toBe('no refusal');
    expect(await set('displayname', 'a\0b')).toBe('400 M_INVALID_PARAM');
    expect(await set('avatar_url', 'x'.repeat(1001))).toBe('400 M_INVALID_PARAM');
    expect(await set('org.example.big', 'x'.repeat(40_000))).toBe('no refusal');
    expect(await set('org.example.more', 'x'.repeat(30_000))).toBe('400 M_PROFILE_TOO_LARGE');
  });

  test('nobody changes the profile of another, save administrators those of this server', async () => {
    const { world, put, remove, get, alice, bob } = await setUp(engine);
    expect(await refusal(put(bob, 'displayname', { displayname: 'x' }, alice.userId))).toBe('403 M_FORBIDDEN');
    expect(await refusal(remove(bob, 'displayname', alice.userId))).toBe('403 M_FORBIDDEN');
    expect(await refusal(put(undefined as never, 'm.tz', { 'm.tz': 'x' }, alice.userId))).toBe('401 M_MISSING_TOKEN');
    const admin = world.user('admin', { isAdmin: true });
    await put(admin, 'displayname', { displayname: 'Renamed' }, alice.userId);
    expect(await get(alice.userId)).toEqual({ displayname: 'Renamed' });
    const unknown = '@nobody:example.org' as UserId;
    expect(await refusal(put(admin, 'displayname', { displayname: 'x' }, unknown))).toBe('404 M_NOT_FOUND');
    const remote = '@bob:elsewhere.org' as UserId;
    expect(await refusal(put(admin, 'displayname', { displayname: 'x' }, remote))).toBe('403 M_FORBIDDEN');
  });

  test('guests set their display name and nothing else', async () => {
    const { world, put, remove } = await setUp(engine);
    const guest = world.user('guest', { isGuest: true });
    expect(await refusal(put(guest, 'displayname', { displayname: 'Guest' }))).toBe('no refusal');
    expect(await refusal(put(guest, 'avatar_url', { avatar_url: 'x' }))).toBe('403 M_GUEST_ACCESS_FORBIDDEN');
    expect(await refusal(remove(guest, 'm.tz'))).toBe('403 M_GUEST_ACCESS_FORBIDDEN');
  });

  test('who may see a profile is configured', async () => {
    const open = await setUp(engine);
    expect(await refusal(open.get(open.alice.userId))).toBe('no refusal');
    expect(await refusal(open.get('@none:example.org' as UserId))).toBe('404 M_NOT_FOUND');
    expect(await refusal(open.get('@bob:elsewhere.org' as UserId))).toBe('404 M_NOT_FOUND');
    const authed = await setUp(engine, { requireAuthForProfileRequests: true });
    expect(await refusal(authed.get(authed.alice.userId))).toBe('401 M_MISSING_TOKEN');
    expect(await refusal(authed.get(authed.alice.userId, authed.bob))).toBe('no refusal');
    const { world, get, getField, alice, bob } = await setUp(engine, { limitProfileRequestsToSharedRooms: true });
    expect(await refusal(get(alice.userId))).toBe('401 M_MISSING_TOKEN');
    expect(await refusal(get(alice.userId, alice))).toBe('no refusal');
    expect(await refusal(get(alice.userId, bob))).toBe('403 M_FORBIDDEN');
    expect(await refusal(getField(alice.userId, 'displayname', bob))).toBe('403 M_FORBIDDEN');
    expect(await refusal(get('@none:example.org' as UserId, bob))).toBe('403 M_FORBIDDEN');
    const roomId = await world.room(alice);
    await world.invite(roomId, alice, bob);
    expect(await refusal(get(alice.userId, bob))).toBe('403 M_FORBIDDEN');
    await world.join(roomId, bob);
    expect(await refusal(get(alice.userId, bob))).toBe('no refusal');
    await world.leave(roomId, bob);
    expect(await refusal(get(alice.userId, bob))).toBe('403 M_FORBIDDEN');
    await world.ban(roomId, alice, bob);
    expect(await refusal(get(alice.userId, bob))).toBe('403 M_FORBIDDEN');
    await world.room(alice, { joinRule: 'public' });
    expect(await refusal(get(alice.userId, bob))).toBe('no refusal');
  });

  test('the profile of a user of another server is that server’s to tell', async () => {
    const remoteProfile = async () => ({ displayname: 'Far' });
    const { get } = await setUp(engine, {}, { remoteProfile });
    expect(await get('@bob:elsewhere.org' as UserId)).toEqual({ displayname: 'Far' });
  });

  test('names and avatars can be fixed, and avatars limited', async () => {
    const fixed = await setUp(engine, { enableSetDisplayname: false, enableSetAvatarUrl: false });
    const { put, remove, alice } = fixed;
    expect(await refusal(put(alice, 'displayname', { displayname: 'x' }))).toBe('403 M_FORBIDDEN');
    expect(await refusal(remove(alice, 'displayname'))).toBe('403 M_FORBIDDEN');
    expect(await refusal(put(alice, 'avatar_url', { avatar_url: 'mxc://a/b' }))).toBe('no refusal');
    expect(await refusal(put(alice, 'avatar_url', { avatar_url: 'mxc://a/c' }))).toBe('403 M_FORBIDDEN');
    const avatarMedia = async (uri: string) =>
      uri.endsWith('none')
        ? undefined
        : { sizeBytes: uri.length, contentType: uri.includes('png') ? 'image/png' : 'text' };
    const limits = { maxAvatarSizeBytes: 15, allowedAvatarMimetypes: ['image/png'] };
    const limited = await setUp(engine, limits, { avatarMedia });
    const set = (uri: string) => refusal(limited.put(limited.alice, 'avatar_url', { avatar_url: uri }));
    expect(await set('mxc://a/png')).toBe('no refusal');
    expect(await set('mxc://a/png-but-too-large')).toBe('403 M_FORBIDDEN');
    expect(await set('mxc://a/gif')).toBe('403 M_FORBIDDEN');
    expect(await set('mxc://a/none')).toBe('403 M_FORBIDDEN');
    expect(await set('')).toBe('no refusal');
  });

  test('changes at the same time are all made', async () => {
    const { get, put, alice } = await setUp(engine);
    const keys = ['org.a', 'org.b', 'org.c', 'org.d'];
    await Promise.all(keys.map((key) => put(alice, key, { [key]: key })));
    expect(Object.keys(await get(alice.userId)).sort()).toEqual(['displayname', ...keys]);
  });

  test('an erased account has no profile, a deactivated one keeps it', async () => {
    const { world, get, profiles, told, alice, bob } = await setUp(engine);
    await world.streams.commit((batch) => profiles.accountDeactivated(batch, bob.userId, { erase: false }));
    expect(await refusal(get(bob.userId))).toBe('no refusal');
    await world.streams.commit((batch) => profiles.accountDeactivated(batch, alice.userId, { erase: true }));
    expect(await refusal(get(alice.userId))).toBe('404 M_NOT_FOUND');
    expect(told.at(-1)).toEqual([alice.userId, undefined]);
  });
});

forEachEngine('a changed name or avatar', (engine) => {
  test('reaches every room of the user, and only what changed', async () => {
    const { world, put, remove, member, idle, told, alice, bob } = await setUp(engine);
    const rooms: RoomId[] = [];
    for (let count = 0; count < 6; count++) rooms.push(await world.room(alice, { joinRule: 'public' }));
    const left = await world.room(bob, { joinRule: 'public' });
    await world.join(left, alice);
    await world.leave(left, alice);
    const invited = await world.room(bob);
    await world.invite(invited, bob, alice);
    await world.membership(rooms[0]!, alice, alice, 'join', { displayname: 'nick', 'org.x': 1, reason: 'r' });
    await put(alice, 'avatar_url', { avatar_url: 'LemurLover' });
    await idle();
    expect(await member(rooms[0]!, alice.userId)).toEqual({
      membership: 'join',
      displayname: 'nick',
      'org.x': 1,
      avatar_url: 'LemurLover',
    });
    for (const roomId of rooms.slice(1)) {
      expect(await member(roomId, alice.userId)).toEqual({ membership: 'join', avatar_url: 'LemurLover' });
    }
    expect((await member(left, alice.userId))?.membership).toBe('leave');
    expect(await member(invited, alice.userId)).toEqual({ membership: 'invite' });
    await put(alice, 'displayname', { displayname: 'Alice' });
    await remove(alice, 'avatar_url');
    await idle();
    for (const roomId of rooms.slice(1)) {
      expect(await member(roomId, alice.userId)).toEqual({ membership: 'join', displayname: 'Alice' });
    }
    expect(told.at(-1)).toEqual([alice.userId, { displayName: 'Alice', avatarUrl: undefined }]);
  });

  test('is the last one in every room, however fast they follow each other', async () => {
    const { world, put, member, idle, alice } = await setUp(engine);
    const rooms: RoomId[] = [];
    for (let count = 0; count < 10; count++) rooms.push(await world.room(alice));
    for (let count = 0; count < 10; count++) await put(alice, 'displayname', { displayname: `name ${count}` });
    await idle();
    for (const roomId of rooms) expect((await member(roomId, alice.userId))?.displayname).toBe('name 9');
  });

  test('that is none, or is not to be propagated, sends nothing', async () => {
    const { world, put, idle, alice } = await setUp(engine);
    const roomId = await world.room(alice);
    const { nid } = (await world.rooms.directory.find(roomId))!;
    const last = await world.rooms.timeline.lastPosition(nid);
    await put(alice, 'displayname', { displayname: 'alice' });
    await put(alice, 'm.tz', { 'm.tz': 'UTC' });
    await put(alice, 'displayname', { displayname: 'A' }, alice.userId, { 'org.matrix.msc4069.propagate': false });
    await put(world.user('alice', { isShadowBanned: true }), 'displayname', { displayname: 'B' });
    await idle();
    expect(await world.rooms.timeline.lastPosition(nid)).toBe(last);
  });

  test('that a stop has interrupted goes on afterwards', async () => {
    const { world, put, member, idle, resume, alice } = await setUp(engine);
    const roomId = await world.room(alice);
    const query = { 'org.matrix.msc4069.propagate': false };
    await put(alice, 'displayname', { displayname: 'A' }, alice.userId, query);
    // What a process leaves behind that is killed right after the change.
    const pending = statement(
      "insert into profile_propagations (user_id, fields, revision) values (?, 'displayname', 1)",
    );
    await world.streams.commit((batch) => batch.add(pending(alice.userId)));
    await resume();
    await idle();
    expect(await member(roomId, alice.userId)).toEqual({ membership: 'join', displayname: 'A' });
    const left = await world.storage.reader.all(statement('select user_id from profile_propagations')());
    expect(left).toEqual([]);
  });

  test('does not stop at a room that refuses it', async () => {
    const { world, put, member, idle, alice, bob } = await setUp(engine);
    const rooms = [await world.room(bob, { joinRule: 'public' }), await world.room(bob, { joinRule: 'public' })];
    for (const roomId of rooms) await world.join(roomId, alice);
    await world.membership(rooms[0]!, bob, alice, 'ban');
    await put(alice, 'displayname', { displayname: 'A' });
    await idle();
    expect((await member(rooms[0]!, alice.userId))?.membership).toBe('ban');
    expect((await member(rooms[1]!, alice.userId))?.displayname).toBe('A');
  });
});
