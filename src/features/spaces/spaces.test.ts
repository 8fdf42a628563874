import { expect, test } from 'bun:test';
import { getSpaceHierarchy } from '#api/client/space-hierarchy.ts';
import type { Requester } from '#api/requester.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { roomSummariesIn } from '#test/slices.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, type RoomOptions, refusal } from '#test/world.ts';
import { profilesAndDirectory } from '../../../migrations/0005-profiles-and-directory.ts';
import { spacesFeature } from './index.ts';
import { compareChildren } from './space-child.ts';

async function setUp(engine: TestEngine) {
  const world = await createWorld(engine, { migrations: [profilesAndDirectory] });
  const summaries = roomSummariesIn(world);
  const slice = spacesFeature({ ...world, descriptions: summaries.previews });
  world.hooks.push(slice.hook);
  const [alice, bob] = [world.user('alice'), world.user('bob')];
  const page = (as: Requester, roomId: RoomId, query: JsonObject = {}) =>
    world.call(slice.routes, getSpaceHierarchy, { as, params: { roomId }, query });
  const ids = async (...args: Parameters<typeof page>) => (await page(...args)).rooms.map((room) => room.room_id);
  const space = (about: RoomOptions = {}) => world.room(alice, { joinRule: 'public', type: 'm.space', ...about });
  const link = (parent: RoomId, child: RoomId, content: JsonObject = {}) =>
    world.state(parent, alice, 'm.space.child', { via: ['example.org'], ...content }, child);
  return { world, page, ids, space, link, alice, bob, ...slice };
}

/** A root with two rooms and, between them, a space with a room and a space with two. */
async function tree(engine: TestEngine) {
  const made = await setUp(engine);
  const { world, space, link, alice } = made;
  const room = (about: RoomOptions = {}) => world.room(alice, { joinRule: 'public', ...about });
  const [root, sub, subsub] = [await space({ name: 'Root' }), await space(), await space()];
  const [r1, r2, r3, r4, r5] = [await room({ name: 'R1' }), await room(), await room(), await room(), await room()];
  await link(root, r1, { suggested: true });
  world.clock.advance(1);
  await link(root, sub);
  world.clock.advance(1);
  await link(root, r2, { suggested: true });
  await link(sub, subsub);
  await link(subsub, r3);
  world.clock.advance(1);
  await link(subsub, r4);
  // Not a space: what it says of children does not count.
  await link(r2, r5);
  return { ...made, root, sub, subsub, r1, r2, r3, r4 };
}

forEachEngine('the space hierarchy', (engine) => {
  test('shows a tree depth first, with what is to know of each room and its children', async () => {
    const { page, ids, alice, root, sub, subsub, r1, r2, r3, r4 } = await tree(engine);
    expect(await ids(alice, root)).toEqual([root, r1, sub, subsub, r3, r4, r2]);
    const { rooms, next_batch: next } = await page(alice, root);
    expect(next).toBeUndefined();
    expect(rooms[0]).toMatchObject({ name: 'Root', room_type: 'm.space', room_version: '11', num_joined_members: 1 });
    expect(rooms[0]!.children_state.map((event) => event.state_key)).toEqual([r1, sub, r2]);
    expect(rooms[0]!.children_state[0]).toEqual({
      type: 'm.space.child',
      state_key: r1,
      sender: alice.userId,
      content: { via: ['example.org'], suggested: true },
      origin_server_ts: expect.any(Number) as unknown as number,
    });
    expect(rooms[1]).toMatchObject({ name: 'R1', children_state: [] });
    expect(rooms.at(-1)!.children_state).toEqual([]);
  });

  test('ends at the depth asked for, and shows suggested rooms only where asked', async () => {
    const { page, ids, alice, root, sub, r1, r2 } = await tree(engine);
    expect(await ids(alice, root, { max_depth: 1 })).toEqual([root, r1, sub, r2]);
    expect((await page(alice, root, { max_depth: 1 })).rooms[2]!.children_state.length).toBe(1);
    expect(await ids(alice, root, { max_depth: 0 })).toEqual([root]);
    expect(await ids(alice, root, { suggested_only: true })).toEqual([root, r1, r2]);
    const [first] = (await page(alice, root, { suggested_only: true })).rooms;
    expect(first!.children_state.map((event) => event.state_key)).toEqual([r1, r2]);
  });

  test('comes in pages, whose tokens belong to their question and expire', async () => {
    const { world, page, ids, alice, bob, root, sub, subsub, r1, r2, r3, r4 } = await tree(engine);
    const first = await page(alice, root, { limit: 4 });
    expect(first.rooms.map((room) => room.room_id)).toEqual([root, r1, sub, subsub]);
    const from = first.next_batch!;
    expect(await ids(alice, root, { from })).toEqual([r3, r4, r2]);
    expect(await ids(alice, root, { from, suggested_only: false })).toEqual([r3, r4, r2]);
    const second = await page(alice, root, { from, limit: 3 });
    expect(second.next_batch).toBeUndefined();
    for (const [as, roomId, query] of [
      [alice, root, { from, suggested_only: true }],
      [alice, root, { from, max_depth: 3 }],
      [alice, sub, { from }],
      [bob, root, { from }],
      [alice, root, { from: 'unknown' }],
    ] as const) {
      expect(await refusal(page(as, roomId, query))).toBe('400 M_INVALID_PARAM');
    }
    expect(await refusal(page(alice, root, { limit: 0 }))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(page(alice, root, { max_depth: -1 }))).toBe('400 M_INVALID_PARAM');
    await world.clock.advance(31 * 60_000);
    expect(await refusal(page(alice, root, { from }))).toBe('400 M_INVALID_PARAM');
  });

  test('a child is gone once its event is emptied or redacted', async () => {
    const { world, ids, link, children, childrenFromState, alice, root, sub, r1, r2 } = await tree(engine);
    await world.state(root, alice, 'm.space.child', {}, sub);
    expect(await ids(alice, root)).toEqual([root, r1, r2]);
    const event = await link(root, r1, { order: 'z' });
    await world.redact(root, alice, event);
    expect(await ids(alice, root)).toEqual([root, r2]);
    const { nid } = (await world.rooms.directory.find(root))!;
    const kept = await children.of(nid);
    const rebuilt = await childrenFromState(root);
    await world.streams.commit((batch) => {
      for (const query of rebuilt) batch.add(query);
    });
    expect(await children.of(nid)).toEqual(kept);
    expect(kept.length).toBe(1);
  });

  test('loops end, and each room is shown once', async () => {
    const { ids, space, link, alice } = await setUp(engine);
    const [a, b, c] = [await space(), await space(), await space()];
    await link(a, b);
    await link(b, a);
    await link(b, c);
    await link(a, c, { order: 'first' });
    await link(c, c);
    expect(await ids(alice, a)).toEqual([a, c, b]);
  });

  test('rooms that the user may not see are left out with all below them', async () => {
    const { world, ids, space, link, alice, bob } = await setUp(engine);
    const [root, sub] = [await space(), await space({ joinRule: 'invite' })];
    const priv = await world.room(alice);
    const readable = await world.room(alice, { historyVisibility: 'world_readable' });
    const restricted = await world.room(alice);
    const allow = [{ type: 'm.room_membership', room_id: root }];
    await world.state(restricted, alice, 'm.room.join_rules', { join_rule: 'restricted', allow });
    await link(root, priv, { order: 'a' });
    await link(root, sub, { order: 'b' });
    await link(root, restricted, { order: 'c' });
    await link(root, '!unknown:elsewhere.org' as RoomId, { order: 'd' });
    await link(sub, readable);
    expect(await ids(bob, root)).toEqual([root]);
    await world.join(root, bob);
    expect(await ids(bob, root)).toEqual([root, restricted]);
    await world.invite(sub, alice, bob);
    expect(await ids(bob, root)).toEqual([root, sub, readable, restricted]);
    await world.invite(priv, alice, bob);
    expect(await ids(bob, root)).toEqual([root, priv, sub, readable, restricted]);
    await world.leave(priv, bob);
    await world.ban(sub, alice, bob);
    expect(await ids(bob, root)).toEqual([root, restricted]);
  });

  test('a root that the user may not see is refused', async () => {
    const { world, page, space, alice, bob } = await setUp(engine);
    const [left, banned] = [world.user('left'), world.user('banned')];
    const root = await space({ joinRule: 'invite' });
    await world.invite(root, alice, left);
    await world.join(root, left);
    await world.leave(root, left);
    await world.ban(root, alice, banned);
    for (const outsider of [bob, left, banned]) {
      expect(await refusal(page(outsider, root))).toBe('403 M_FORBIDDEN');
    }
    await world.invite(root, alice, bob);
    expect(await refusal(page(bob, root))).toBe('no refusal');
    expect(await refusal(page(alice, '!unknown:example.org' as RoomId))).toBe('403 M_FORBIDDEN');
    expect(await refusal(page(undefined as unknown as Requester, root))).toBe('401 M_MISSING_TOKEN');
  });
});

test('children stand in the order that the specification gives', () => {
  const child = (roomId: string, originServerTs: number, order?: string) => ({
    roomId: roomId as RoomId,
    originServerTs,
    order,
    isSuggested: false,
    content: '{}',
    sender: '@a:b' as never,
  });
  const ordered = [
    child('!b', 1640341000000, ' '),
    child('!a', 1640141000000, 'aaaa'),
    child('!c', 1640841000000, 'first'),
    child('!x', 1640841000001, 'first'),
    child('!e', 1640641000000),
    child('!d', 1640741000000),
    child('!f', 1640741000000),
  ];
  expect([...ordered].reverse().sort(compareChildren)).toEqual(ordered);
});
