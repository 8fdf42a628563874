import { expect, test } from 'bun:test';
import { encodeSyncToken } from '#platform/streams/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { refusal } from '#test/world.ts';
import { createRelationsWorld, idsOf } from './test-relations.ts';

forEachEngine('/relations', (engine) => {
  test('it gives what relates to an event, newest first, all of it or of a kind', async () => {
    const { world, thread, relate, edit, related, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const root = await world.message(roomId, alice, 'root');
    const reply = await thread(roomId, alice, root);
    const dummy = await relate(roomId, alice, root, 'm.thread', {}, 'm.dummy');
    const edited = await edit(roomId, alice, root, 'edited');
    await world.message(roomId, alice, 'unrelated');
    expect(idsOf(await related(alice, roomId, root))).toEqual([edited, dummy, reply]);
    expect(idsOf(await related(alice, roomId, root, {}, 'm.thread'))).toEqual([dummy, reply]);
    expect(idsOf(await related(alice, roomId, root, {}, 'm.thread', 'm.room.message'))).toEqual([reply]);
    expect(await related(alice, roomId, reply)).toEqual({ chunk: [] });
  });

  test('it goes page by page in both directions, to the end and no further', async () => {
    const { world, thread, related, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const root = await world.message(roomId, alice);
    const replies: string[] = [];
    for (let index = 0; index < 6; index++) replies.push(await thread(roomId, alice, root));
    const walk = async (dir: 'b' | 'f') => {
      const seen: string[] = [];
      let from: string | undefined;
      for (let pages = 1; ; pages++) {
        const page = await related(alice, roomId, root, { dir, limit: 3, ...(from && { from }) });
        seen.push(...idsOf(page));
        if (from !== undefined) expect(page.prev_batch).toBe(from);
        from = page.next_batch;
        if (from === undefined) return { seen, pages };
      }
    };
    expect(await walk('f')).toEqual({ seen: replies, pages: 2 });
    expect(await walk('b')).toEqual({ seen: replies.toReversed(), pages: 2 });
    expect(await related(alice, roomId, root, { limit: 0 })).toEqual({ chunk: [] });
  });

  test('it takes sync tokens, and stops at `to`', async () => {
    const { world, thread, related, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const root = await world.message(roomId, alice);
    const before = await thread(roomId, alice, root);
    const token = encodeSyncToken(world.streams.current());
    const after = [await thread(roomId, alice, root), await thread(roomId, alice, root)];
    expect(idsOf(await related(alice, roomId, root, { from: token, dir: 'f' }))).toEqual(after);
    expect(idsOf(await related(alice, roomId, root, { from: token }))).toEqual([before]);
    expect(idsOf(await related(alice, roomId, root, { to: token }))).toEqual(after.toReversed());
    expect(idsOf(await related(alice, roomId, root, { to: token, dir: 'f' }))).toEqual([before]);
    const future = encodeSyncToken(world.streams.current() + 1_000);
    expect(idsOf(await related(alice, roomId, root, { from: future, dir: 'f' }))).toEqual([]);
    for (const from of ['x', 't1', 's-1', 't99999999999999999_1', 's1.5_x']) {
      expect(await refusal(related(alice, roomId, root, { from }))).toBe('400 M_INVALID_PARAM');
    }
  });

  test('with `recurse` it follows relations of relations, each of which has to be of the kind asked for', async () => {
    const { world, thread, edit, react, related, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const root = await world.message(roomId, alice);
    const reply = await thread(roomId, alice, root);
    const edited = await edit(roomId, alice, reply, 'x');
    const reaction = await react(roomId, alice, edited, '1');
    await react(roomId, alice, reaction, 'too deep');
    const all = await related(alice, roomId, root, { recurse: true });
    expect(idsOf(all)).toEqual([reaction, edited, reply]);
    expect(all.recursion_depth).toBe(3);
    expect(idsOf(await related(alice, roomId, root, { recurse: true, dir: 'f', limit: 2 }))).toEqual([reply, edited]);
    expect(idsOf(await related(alice, roomId, root, { recurse: true }, 'm.replace'))).toEqual([]);
    expect(idsOf(await related(alice, roomId, root, { recurse: true }, 'm.thread'))).toEqual([reply]);
    const direct = await related(alice, roomId, root, { recurse: false });
    expect([idsOf(direct), direct.recursion_depth]).toEqual([[reply], 0]);
    expect(await related(alice, roomId, root)).not.toHaveProperty('recursion_depth');
  });

  test('a redaction ends a relation; its parent may be redacted', async () => {
    const { world, thread, related, bundle, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const root = await world.message(roomId, alice);
    const [gone, stays] = [await thread(roomId, alice, root), await thread(roomId, alice, root)];
    await world.redact(roomId, alice, gone);
    expect(idsOf(await related(alice, roomId, root))).toEqual([stays]);
    expect(idsOf(await related(alice, roomId, root, { recurse: true }))).toEqual([stays]);
    await world.redact(roomId, alice, root);
    expect(idsOf(await related(alice, roomId, root))).toEqual([stays]);
    expect(await bundle(root, alice)).toMatchObject({ 'm.thread': { count: 1, latest_event: { event_id: stays } } });
  });

  test('a redaction in another room ends nothing', async () => {
    const { world, thread, related, alice, bob } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const elsewhere = await world.room(bob);
    const root = await world.message(roomId, alice);
    const reply = await thread(roomId, alice, root);
    await world.redact(elsewhere, bob, reply);
    expect(idsOf(await related(alice, roomId, root))).toEqual([reply]);
  });

  test('what ignored users say is left out', async () => {
    const { world, thread, related, ignore, alice, bob } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const root = await world.message(roomId, alice);
    const [first, , last] = [
      await thread(roomId, alice, root),
      await thread(roomId, bob, root),
      await thread(roomId, alice, root),
    ];
    ignore(alice, bob);
    expect(idsOf(await related(alice, roomId, root, { limit: 2 }))).toEqual([last, first]);
    expect(idsOf(await related(bob, roomId, root))).toHaveLength(3);
  });

  test('only who may see the event learns what relates to it', async () => {
    const { world, thread, related, alice, bob, carol } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public', historyVisibility: 'joined' });
    const [banned, invited, other] = [world.user('banned'), world.user('invited'), world.user('other')];
    await world.join(roomId, bob, banned);
    const root = await world.message(roomId, alice);
    const early = await thread(roomId, alice, root);
    await world.leave(roomId, bob);
    await world.ban(roomId, alice, banned);
    await world.invite(roomId, alice, invited);
    const late = await thread(roomId, alice, root);
    await world.join(roomId, carol);
    expect(idsOf(await related(alice, roomId, root))).toEqual([late, early]);
    // Up to where they left.
    expect(idsOf(await related(bob, roomId, root))).toEqual([early]);
    expect(idsOf(await related(banned, roomId, root))).toEqual([early]);
    // Joined later than the event.
    expect(await refusal(related(carol, roomId, root))).toBe('404 M_NOT_FOUND');
    expect(await refusal(related(invited, roomId, root))).toBe('403 M_FORBIDDEN');
    expect(await refusal(related(other, roomId, root))).toBe('403 M_FORBIDDEN');
    const elsewhere = await world.room(other);
    expect(await refusal(related(other, elsewhere, root))).toBe('404 M_NOT_FOUND');
    expect(await refusal(related(alice, roomId, '$unknown'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(related(alice, roomId, '$a\0b'))).toMatch(/^4/);
  });

  test('whoever looks in from outside sees it in a world-readable room', async () => {
    const { world, thread, related, threads, alice, bob } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { historyVisibility: 'world_readable' });
    const root = await world.message(roomId, alice);
    const reply = await thread(roomId, alice, root);
    expect(idsOf(await related(bob, roomId, root))).toEqual([reply]);
    expect(idsOf(await threads(bob, roomId))).toEqual([root]);
  });

  test('no form of m.relates_to makes a request fail', async () => {
    const { world, feature, send, related, bundle, threads, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const root = await world.message(roomId, alice);
    const hostile: JsonObject[string][] = [
      null,
      'text',
      7,
      [],
      {},
      { rel_type: 7, event_id: root },
      { rel_type: 'm.thread', event_id: 7 },
      { rel_type: 'm.thread', event_id: { a: 1 } },
      { rel_type: 'm.thread', event_id: 'no id' },
      { rel_type: 'm.thread', event_id: '$a\0b' },
      { rel_type: 'm\0thread', event_id: root },
      { rel_type: 'x'.repeat(300), event_id: root },
      { rel_type: 'm.annotation', event_id: root, key: { a: 1 } },
      { rel_type: 'm.annotation', event_id: root, key: 'a\0b' },
      { rel_type: 'm.annotation', event_id: root, key: 'k'.repeat(2_000) },
      { rel_type: '__proto__', event_id: root },
      { rel_type: 'm.replace', event_id: root },
      { 'm.in_reply_to': { event_id: 7 } },
    ];
    for (const relation of hostile) {
      const sent = await send(roomId, alice, { body: 'x', 'm.new_content': 'text', 'm.relates_to': relation ?? null });
      const event = await world.rooms.events.byId(sent);
      await feature.threadRootOf(event!);
      await bundle(sent, alice);
    }
    expect(await bundle(root, alice)).toBeUndefined();
    expect(idsOf(await related(alice, roomId, root))).toHaveLength(5);
    expect(idsOf(await related(alice, roomId, root, {}, '__proto__'))).toHaveLength(1);
    expect(await threads(alice, roomId)).toEqual({ chunk: [] });
  });

  test('an event of another room relates to nothing here', async () => {
    const { world, thread, edit, related, threads, bundle, feature, alice, bob } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    const elsewhere = await world.room(bob);
    const root = await world.message(roomId, alice);
    const foreign = await thread(elsewhere, bob, root);
    expect(idsOf(await related(alice, roomId, root))).toEqual([]);
    expect(await bundle(root, alice)).toBeUndefined();
    expect(await threads(alice, roomId)).toEqual({ chunk: [] });
    expect(await threads(bob, elsewhere)).toEqual({ chunk: [] });
    const reply = await thread(roomId, alice, root);
    expect(idsOf(await threads(alice, roomId))).toEqual([root]);
    expect(await bundle(root, alice)).toMatchObject({ 'm.thread': { count: 1, latest_event: { event_id: reply } } });
    const edited = await edit(elsewhere, bob, foreign, 'x');
    expect(await bundle(root, alice)).not.toHaveProperty('m.replace');
    const through = { content: { 'm.relates_to': { rel_type: 'x', event_id: edited } }, stateKey: undefined };
    const { nid } = (await world.rooms.directory.find(roomId))!;
    expect(await feature.threadRootOf({ ...through, roomNid: nid })).toBeUndefined();
  });
});

forEachEngine('what other slices ask of relations', (engine) => {
  test('an annotation is a duplicate of one by the same user with the same key', async () => {
    const { world, feature, react, alice, bob } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const target = await world.message(roomId, alice);
    const isDuplicate = (by: typeof alice, key: string, type = 'm.reaction') =>
      feature.isDuplicateAnnotation(roomId, by.userId, target, key, type);
    expect(await isDuplicate(alice, '1')).toBe(false);
    const reaction = await react(roomId, alice, target, '1');
    expect(await isDuplicate(alice, '1')).toBe(true);
    expect(await isDuplicate(alice, '2')).toBe(false);
    expect(await isDuplicate(bob, '1')).toBe(false);
    expect(await isDuplicate(alice, '1', 'org.other')).toBe(false);
    await world.redact(roomId, alice, reaction);
    expect(await isDuplicate(alice, '1')).toBe(false);
  });

  test('an event belongs to the thread it names, or to that of what it relates to', async () => {
    const { world, feature, thread, react, edit, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const root = await world.message(roomId, alice);
    const reply = await thread(roomId, alice, root);
    const edited = await edit(roomId, alice, reply, 'x');
    const reaction = await react(roomId, alice, edited, 'y');
    const rootOf = async (eventId: typeof root) => feature.threadRootOf((await world.rooms.events.byId(eventId))!);
    expect(await Promise.all([reply, edited, reaction].map(rootOf))).toEqual([root, root, root]);
    expect(await rootOf(root)).toBeUndefined();
    expect(await rootOf(await react(roomId, alice, root, 'z'))).toBeUndefined();
  });

  test('filters learn who relates to an event and how', async () => {
    const { world, feature, react, thread, alice, bob } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const target = await world.message(roomId, alice);
    const lonely = await world.message(roomId, alice);
    await react(roomId, bob, target, '1');
    await react(roomId, bob, target, '2');
    await thread(roomId, alice, target);
    const events = [...(await world.rooms.events.byIds([target, lonely])).values()];
    const found = await feature.relationsOf(events);
    const { nid } = (await world.rooms.events.byId(target))!;
    expect([...found.keys()]).toEqual([nid]);
    expect(found.get(nid)).toHaveLength(2);
    expect(found.get(nid)).toContainEqual({ sender: bob.userId, relType: 'm.annotation' });
    expect(found.get(nid)).toContainEqual({ sender: alice.userId, relType: 'm.thread' });
  });
});
