import { expect, test } from 'bun:test';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { createRelationsWorld } from './test-relations.ts';

forEachEngine('bundled aggregations', (engine) => {
  test('an event that nothing relates to has none, until something does', async () => {
    const { world, edit, bundle, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const message = await world.message(roomId, alice);
    expect(await bundle(message, alice)).toBeUndefined();
    await edit(roomId, alice, message, 'new');
    expect(await bundle(message, alice)).toMatchObject({
      'm.replace': { content: { 'm.new_content': { body: 'new' } } },
    });
  });

  test('the newest edit is told whole: by its time, then by its id', async () => {
    const { world, send, bundle, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const message = await world.message(roomId, alice);
    const edit = (ts: number) =>
      send(
        roomId,
        alice,
        {
          body: '*',
          'm.new_content': { body: `at ${ts}` },
          'm.relates_to': { rel_type: 'm.replace', event_id: message },
        },
        'm.room.message',
        ts,
      );
    const twins = [await edit(2_000), await edit(2_000)].sort();
    await edit(1_000);
    expect(await bundle(message, alice)).toMatchObject({
      'm.replace': { event_id: twins[1]!, room_id: roomId, sender: alice.userId, origin_server_ts: 2_000 },
    });
    await world.redact(roomId, alice, twins[1]!);
    expect(await bundle(message, alice)).toMatchObject({ 'm.replace': { event_id: twins[0]! } });
  });

  test('an edit counts only of the same sender and type, with new content, and not of an edit', async () => {
    const { world, edit, relate, bundle, alice, bob } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public', powerLevels: { events: { 'm.x': 0 } } });
    await world.join(roomId, bob);
    const message = await world.message(roomId, alice);
    await edit(roomId, bob, message, 'forged');
    await relate(roomId, alice, message, 'm.replace', { 'm.new_content': { body: 'x' } }, 'm.other');
    await relate(roomId, alice, message, 'm.replace', {});
    await world.rooms.engine.send(roomId, {
      type: 'm.room.message',
      stateKey: '',
      sender: alice.userId,
      content: { 'm.new_content': { body: 'state' }, 'm.relates_to': { rel_type: 'm.replace', event_id: message } },
    });
    expect(await bundle(message, alice)).toBeUndefined();
    const valid = await edit(roomId, alice, message, 'valid');
    await edit(roomId, alice, valid, 'edit of an edit');
    expect(await bundle(message, alice)).toMatchObject({ 'm.replace': { event_id: valid } });
    expect(await bundle(valid, alice)).toBeUndefined();
  });

  test('an encrypted edit of an encrypted event is told, whatever is in it', async () => {
    const { world, send, relate, bundle, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const secret = await send(roomId, alice, { ciphertext: 'x' }, 'm.room.encrypted');
    await relate(roomId, alice, secret, 'm.replace', { 'm.new_content': { body: 'clear' } }, 'm.room.message');
    expect(await bundle(secret, alice)).toBeUndefined();
    const edit = await relate(roomId, alice, secret, 'm.replace', { ciphertext: 'y' }, 'm.room.encrypted');
    expect(await bundle(secret, alice)).toMatchObject({ 'm.replace': { event_id: edit } });
  });

  test('a redacted event has no edit any more, and a redacted edit is never shown', async () => {
    const { world, edit, bundle, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const [kept, gone] = [await world.message(roomId, alice), await world.message(roomId, alice)];
    const secret = await edit(roomId, alice, kept, 'secret');
    await edit(roomId, alice, gone, 'secret');
    await world.redact(roomId, alice, secret);
    await world.redact(roomId, alice, gone);
    expect(await bundle(kept, alice)).toBeUndefined();
    expect(await bundle(gone, alice)).toBeUndefined();
  });

  test('a thread tells its size, its latest reply with its edit, and whether the reader has taken part', async () => {
    const { world, thread, edit, bundle, alice, bob, carol } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob, carol);
    const root = await world.message(roomId, alice);
    await thread(roomId, bob, root, 'first');
    const latest = await thread(roomId, bob, root, 'second');
    await edit(roomId, bob, latest, 'second, edited');
    expect(await bundle(root, alice)).toEqual({
      'm.thread': {
        count: 2,
        current_user_participated: true,
        latest_event: expect.objectContaining({
          event_id: latest,
          room_id: roomId,
          content: expect.objectContaining({ body: 'second' }),
          unsigned: expect.objectContaining({
            'm.relations': {
              'm.replace': expect.objectContaining({
                content: expect.objectContaining({ 'm.new_content': { body: 'second, edited' } }),
              }),
            },
          }),
        }),
      },
    });
    const participated = async (user: typeof alice) =>
      ((await bundle(root, user)) as { 'm.thread': JsonObject })['m.thread'].current_user_participated;
    expect(await participated(bob)).toBe(true);
    expect(await participated(carol)).toBe(false);
  });

  test('a redacted reply leaves its thread', async () => {
    const { world, thread, bundle, threads, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const root = await world.message(roomId, alice);
    const [first, second] = [await thread(roomId, alice, root), await thread(roomId, alice, root, 'secret')];
    await world.redact(roomId, alice, second);
    expect(await bundle(root, alice)).toMatchObject({ 'm.thread': { count: 1, latest_event: { event_id: first } } });
    expect(JSON.stringify(await bundle(root, alice))).not.toContain('secret');
    await world.redact(roomId, alice, first);
    expect(await bundle(root, alice)).toBeUndefined();
    expect((await threads(alice, roomId)).chunk).toEqual([]);
  });

  test('no thread starts from an event that relates to another', async () => {
    const { world, thread, relate, bundle, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const root = await world.message(roomId, alice);
    const reply = await thread(roomId, alice, root);
    const nested = await thread(roomId, alice, reply);
    expect(await bundle(reply, alice)).toBeUndefined();
    const reference = await relate(roomId, alice, reply, 'm.reference');
    expect(await bundle(reply, alice)).toEqual({ 'm.reference': { chunk: [{ event_id: reference }] } });
    expect(await bundle(nested, alice)).toBeUndefined();
  });

  test('references are told by id, oldest first; reactions are not', async () => {
    const { world, relate, react, bundle, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const target = await world.message(roomId, alice);
    await react(roomId, alice, target, '1');
    expect(await bundle(target, alice)).toBeUndefined();
    const [one, two] = [
      await relate(roomId, alice, target, 'm.reference'),
      await relate(roomId, alice, target, 'm.reference'),
    ];
    expect(await bundle(target, alice)).toEqual({ 'm.reference': { chunk: [{ event_id: one }, { event_id: two }] } });
  });

  test('state events have none', async () => {
    const { world, relate, bundle, related, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const state = await world.state(roomId, alice, 'm.room.topic', { topic: 'x' });
    const child = await relate(roomId, alice, state, 'm.reference');
    expect(await bundle(state, alice)).toBeUndefined();
    expect((await related(alice, roomId, state)).chunk).toMatchObject([{ event_id: child }]);
  });

  test('what ignored users say is no part of them', async () => {
    const { world, thread, relate, bundle, ignore, alice, bob } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const root = await world.message(roomId, alice);
    const own = await thread(roomId, alice, root);
    await thread(roomId, bob, root);
    await relate(roomId, bob, root, 'm.reference');
    ignore(alice, bob, world.user('a\0b'));
    expect(await bundle(root, alice)).toEqual({
      'm.thread': {
        count: 1,
        current_user_participated: true,
        latest_event: expect.objectContaining({ event_id: own }),
      },
    });
    expect(await bundle(root, bob)).toMatchObject({ 'm.thread': { count: 2 }, 'm.reference': { chunk: [{}] } });
  });

  test('a thread of which nobody but ignored users are part is none, and that is not taken for nothing at all', async () => {
    const { world, thread, bundle, threads, ignore, alice, bob } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const root = await world.message(roomId, alice);
    await thread(roomId, bob, root);
    ignore(alice, bob);
    expect(await bundle(root, alice)).toBeUndefined();
    expect((await threads(alice, roomId)).chunk).toEqual([]);
    expect(await bundle(root, bob)).toMatchObject({ 'm.thread': { count: 1 } });
  });

  test('nobody reads through them what they may not see', async () => {
    const { world, edit, thread, relate, bundle, alice, bob } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public', historyVisibility: 'joined' });
    await world.join(roomId, bob);
    const message = await world.message(roomId, alice);
    const early = await thread(roomId, alice, message, 'early');
    const reference = await relate(roomId, alice, message, 'm.reference');
    await world.leave(roomId, bob);
    await relate(roomId, alice, message, 'm.reference');
    await edit(roomId, alice, message, 'secret');
    await thread(roomId, alice, message, 'secret');
    const shown = await bundle(message, bob);
    expect(shown).toMatchObject({ 'm.thread': { latest_event: { event_id: early } } });
    expect(shown!['m.reference']).toEqual({ chunk: [{ event_id: reference }] });
    expect(JSON.stringify(shown)).not.toContain('secret');
    expect(JSON.stringify(await bundle(message, alice))).toContain('secret');
  });

  test('events are read with them', async () => {
    const { world, edit, related, thread, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const root = await world.message(roomId, alice);
    const reply = await thread(roomId, alice, root);
    const edited = await edit(roomId, alice, reply, 'new');
    const { chunk } = await related(alice, roomId, root);
    expect(chunk).toMatchObject([
      { event_id: reply, unsigned: { 'm.relations': { 'm.replace': { event_id: edited } } } },
    ]);
  });
});
