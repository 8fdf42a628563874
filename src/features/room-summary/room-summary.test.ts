import { expect, test } from 'bun:test';
import { getRoomSummary } from '#api/client/room-summary.ts';
import type { Requester } from '#api/requester.ts';
import type { RoomAlias, RoomId } from '#protocol/identifiers/index.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { profilesAndDirectory } from '../../../migrations/0005-profiles-and-directory.ts';
import { roomSummaryFeature } from './index.ts';

async function setUp(engine: TestEngine) {
  const world = await createWorld(engine, { migrations: [profilesAndDirectory] });
  const aliases = new Map<RoomAlias, RoomId>();
  const slice = roomSummaryFeature({
    reader: world.storage.reader,
    rooms: world.rooms,
    resolveAlias: async (alias) => aliases.get(alias),
  });
  world.hooks.push(slice.hook);
  const summary = (roomIdOrAlias: RoomId | RoomAlias, as?: Requester) =>
    world.call(slice.routes, getRoomSummary, { as, params: { roomIdOrAlias } });
  /** The summary as it was kept, which must be the one that the state gives. */
  const kept = async (roomId: RoomId) => {
    const before = await slice.summaries.find(roomId);
    const rebuilt = await slice.summarize(roomId);
    await world.streams.commit((batch) => batch.add(rebuilt!));
    expect(await slice.summaries.find(roomId)).toEqual(before);
    return before!;
  };
  return { world, aliases, summary, kept, ...slice, alice: world.user('alice'), bob: world.user('bob') };
}

const everything = [
  { type: 'm.room.topic', content: { topic: 'Wombles' } },
  { type: 'm.room.avatar', content: { url: 'mxc://example.org/a' } },
  { type: 'm.room.canonical_alias', content: { alias: '#r:example.org' } },
  { type: 'm.room.encryption', content: { algorithm: 'm.megolm.v1.aes-sha2' } },
];

forEachEngine('room summaries', (engine) => {
  test('a summary says what the state says', async () => {
    const { world, summary, aliases, kept, alice } = await setUp(engine);
    const roomId = await world.room(alice, {
      joinRule: 'public',
      name: 'Rööm',
      guestAccess: 'can_join',
      historyVisibility: 'world_readable',
      type: 'm.space',
      state: everything,
    });
    aliases.set('#r:example.org' as RoomAlias, roomId);
    const expected = {
      room_id: roomId,
      name: 'Rööm',
      topic: 'Wombles',
      avatar_url: 'mxc://example.org/a',
      canonical_alias: '#r:example.org',
      num_joined_members: 1,
      world_readable: true,
      guest_can_join: true,
      join_rule: 'public',
      room_type: 'm.space',
      room_version: '11',
      encryption: 'm.megolm.v1.aes-sha2',
    };
    expect(await summary(roomId, alice)).toEqual({ ...expected, membership: 'join' });
    expect(await summary('#r:example.org' as RoomAlias)).toEqual(expected);
    await kept(roomId);
  });

  test('the paths of the proposal also name encryption and version as it did', async () => {
    const { world, routes, alice } = await setUp(engine);
    const roomIdOrAlias = await world.room(alice, { state: everything });
    const path = '/_matrix/client/unstable/im.nheko.summary/summary/{roomIdOrAlias}';
    const sent = { as: alice, params: { roomIdOrAlias }, request: { path } };
    expect(await world.call(routes, getRoomSummary, sent)).toMatchObject({
      'im.nheko.summary.room_version': '11',
      'im.nheko.summary.encryption': 'm.megolm.v1.aes-sha2',
    });
  });

  test('members are counted through every change of membership', async () => {
    const { world, summary, kept, alice, bob } = await setUp(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    const count = async () => (await summary(roomId, alice)).num_joined_members;
    await world.join(roomId, bob);
    expect(await count()).toBe(2);
    await world.membership(roomId, bob, bob, 'join', { displayname: 'Bob' });
    expect(await count()).toBe(2);
    await world.invite(roomId, alice, world.user('carol'));
    expect(await count()).toBe(2);
    await world.leave(roomId, bob);
    await world.ban(roomId, alice, bob);
    expect(await count()).toBe(1);
    await kept(roomId);
  });

  test('a redacted state event no longer says anything', async () => {
    const { world, summary, kept, alice, bob } = await setUp(engine);
    const roomId = await world.room(alice, { joinRule: 'public', powerLevels: { redact: 100 } });
    const first = await world.state(roomId, alice, 'm.room.name', { name: 'first' });
    const second = await world.state(roomId, alice, 'm.room.name', { name: 'second' });
    await world.redact(roomId, alice, first);
    expect((await summary(roomId, alice)).name).toBe('second');
    await world.redact(roomId, alice, second);
    expect(await summary(roomId, alice)).not.toHaveProperty('name');
    await kept(roomId);
    await world.join(roomId, bob);
    expect((await summary(roomId, bob)).join_rule).toBe('public');
  });

  test('content of any form and length is taken as far as it goes', async () => {
    const { world, summary, kept, alice } = await setUp(engine);
    const roomId = await world.room(alice);
    await world.state(roomId, alice, 'm.room.name', { name: 7 });
    await world.state(roomId, alice, 'm.room.avatar', {});
    await world.state(roomId, alice, 'm.room.topic', { topic: `a\0b${'x'.repeat(10_000)}` });
    await world.state(roomId, alice, 'm.room.name', { name: 'not the room' }, 'other');
    const found = await summary(roomId, alice);
    expect(found).not.toHaveProperty('name');
    expect(found.topic).toBe(`ab${'x'.repeat(4093)}`);
    await world.state(roomId, alice, 'm.room.topic', {
      topic: 'fallback',
      'm.topic': { 'm.text': [{ mimetype: 'text/html', body: '<b>' }, { body: 'plain' }] },
    });
    expect((await summary(roomId, alice)).topic).toBe('plain');
    await kept(roomId);
  });

  test('who may see a room follows its join rule and their membership', async () => {
    const { world, summary, alice } = await setUp(engine);
    const people = {
      nobody: undefined,
      stranger: world.user('stranger'),
      invited: world.user('invited'),
      left: world.user('left'),
      banned: world.user('banned'),
      member: alice,
    };
    const space = await world.room(alice, { joinRule: 'public' });
    const insider = world.user('insider');
    await world.join(space, insider);
    const allow = [{ type: 'm.room_membership', room_id: space }];
    const seenBy = async (joinRule: string, historyVisibility: string, version: '6' | '11' = '11') => {
      const roomId = await world.room(alice, { joinRule: 'invite', historyVisibility, version });
      await world.invite(roomId, alice, people.invited, people.left, people.banned);
      await world.join(roomId, people.left);
      await world.leave(roomId, people.left);
      await world.ban(roomId, alice, people.banned);
      await world.state(roomId, alice, 'm.room.join_rules', { join_rule: joinRule, allow });
      const seen: string[] = [];
      for (const [name, as] of Object.entries({ ...people, insider })) {
        const result = await refusal(summary(roomId, as));
        expect(['no refusal', '404 M_NOT_FOUND']).toContain(result);
        if (result === 'no refusal') seen.push(name);
      }
      return seen.join(' ');
    };
    expect(await seenBy('invite', 'shared')).toBe('invited member');
    expect(await seenBy('public', 'shared')).toBe('nobody stranger invited left member insider');
    expect(await seenBy('knock', 'shared')).toBe('nobody stranger invited left member insider');
    expect(await seenBy('knock', 'shared', '6')).toBe('invited member');
    expect(await seenBy('restricted', 'shared')).toBe('invited member insider');
    expect(await seenBy('restricted', 'shared', '6')).toBe('invited member');
    expect(await seenBy('knock_restricted', 'shared')).toBe('nobody stranger invited left member insider');
    expect(await seenBy('invite', 'world_readable')).toBe('nobody stranger invited left banned member insider');
  });

  test('only restricted rooms name the rooms whose members may join', async () => {
    const { world, summary, alice } = await setUp(engine);
    const space = await world.room(alice);
    const allow = [{ type: 'm.room_membership', room_id: space }, { type: 'other' }, 7];
    const roomId = await world.room(alice);
    await world.state(roomId, alice, 'm.room.join_rules', { join_rule: 'restricted', allow });
    expect((await summary(roomId, alice)).allowed_room_ids).toEqual([space]);
    await world.state(roomId, alice, 'm.room.join_rules', { join_rule: 'invite', allow });
    expect(await summary(roomId, alice)).not.toHaveProperty('allowed_room_ids');
  });

  test('rooms and aliases that are not known are not found', async () => {
    const { summary, alice } = await setUp(engine);
    expect(await refusal(summary('!unknown:example.org' as RoomId, alice))).toBe('404 M_NOT_FOUND');
    expect(await refusal(summary('#unknown:example.org' as RoomAlias, alice))).toBe('404 M_NOT_FOUND');
  });
});
