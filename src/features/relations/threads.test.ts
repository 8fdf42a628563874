import { expect, test } from 'bun:test';
import { forEachEngine } from '#test/storage.ts';
import { refusal } from '#test/world.ts';
import { createRelationsWorld, idsOf } from './test-relations.ts';

forEachEngine('/threads', (engine) => {
  test('it gives thread roots, those with the latest reply first', async () => {
    const { world, thread, threads, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const [one, two] = [await world.message(roomId, alice), await world.message(roomId, alice)];
    expect(await threads(alice, roomId)).toEqual({ chunk: [] });
    await thread(roomId, alice, one);
    const reply = await thread(roomId, alice, two);
    const { chunk } = await threads(alice, roomId);
    expect(idsOf({ chunk })).toEqual([two, one]);
    expect(chunk[0]).toMatchObject({
      unsigned: { 'm.relations': { 'm.thread': { latest_event: { event_id: reply } } } },
    });
    await thread(roomId, alice, one);
    expect(idsOf(await threads(alice, roomId))).toEqual([one, two]);
  });

  test('when the latest reply is redacted, the thread falls back in the order', async () => {
    const { world, thread, threads, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const [one, two] = [await world.message(roomId, alice), await world.message(roomId, alice)];
    await thread(roomId, alice, one);
    await thread(roomId, alice, two);
    const last = await thread(roomId, alice, one);
    await world.redact(roomId, alice, last);
    expect(idsOf(await threads(alice, roomId))).toEqual([two, one]);
  });

  test('it goes page by page, each thread once, and ends', async () => {
    const { world, thread, threads, alice } = await createRelationsWorld(engine);
    const roomId = await world.room(alice);
    const roots: string[] = [];
    for (let index = 0; index < 5; index++) {
      const root = await world.message(roomId, alice);
      await thread(roomId, alice, root);
      roots.unshift(root);
    }
    const seen: string[][] = [];
    let from: string | undefined;
    do {
      const page = await threads(alice, roomId, { limit: 2, ...(from && { from }) });
      seen.push(idsOf(page));
      from = page.next_batch;
    } while (from !== undefined);
    expect(seen).toEqual([roots.slice(0, 2), roots.slice(2, 4), roots.slice(4)]);
    expect(await refusal(threads(alice, roomId, { from: 'nonsense' }))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(threads(alice, roomId, { limit: 0 }))).toBe('400 M_INVALID_PARAM');
  });

  test('with include=participated, only threads the reader started or replied in', async () => {
    const { world, thread, threads, alice, bob } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const [own, joined, others] = [
      await world.message(roomId, bob),
      await world.message(roomId, alice),
      await world.message(roomId, alice),
    ];
    await thread(roomId, alice, own);
    await thread(roomId, alice, joined);
    const reply = await thread(roomId, bob, joined);
    await thread(roomId, alice, others);
    expect(idsOf(await threads(bob, roomId))).toEqual([others, joined, own]);
    expect(idsOf(await threads(bob, roomId, { include: 'participated' }))).toEqual([joined, own]);
    await world.redact(roomId, bob, reply);
    expect(idsOf(await threads(bob, roomId, { include: 'participated' }))).toEqual([own]);
  });

  test('a root by an ignored user is shown redacted', async () => {
    const { world, thread, edit, threads, ignore, alice, bob } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const root = await world.message(roomId, bob, 'unwanted');
    await edit(roomId, bob, root, 'unwanted');
    const reply = await thread(roomId, alice, root);
    ignore(alice, bob);
    const { chunk } = await threads(alice, roomId);
    expect(chunk).toMatchObject([
      {
        event_id: root,
        content: {},
        unsigned: { 'm.relations': { 'm.thread': { latest_event: { event_id: reply } } } },
      },
    ]);
    expect(JSON.stringify(chunk)).not.toContain('unwanted');
  });

  test('only who may read the room, and of it what they may see', async () => {
    const { world, thread, threads, alice, bob, carol } = await createRelationsWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public', historyVisibility: 'joined' });
    const [banned, invited, other] = [world.user('banned'), world.user('invited'), world.user('other')];
    await world.join(roomId, bob, banned);
    const early = await world.message(roomId, alice);
    await thread(roomId, alice, early);
    await world.leave(roomId, bob);
    await world.ban(roomId, alice, banned);
    await world.invite(roomId, alice, invited);
    const late = await world.message(roomId, alice);
    await thread(roomId, alice, late);
    await world.join(roomId, carol);
    expect(idsOf(await threads(alice, roomId))).toEqual([late, early]);
    expect(idsOf(await threads(bob, roomId))).toEqual([early]);
    expect(idsOf(await threads(banned, roomId))).toEqual([early]);
    expect(idsOf(await threads(carol, roomId))).toEqual([]);
    expect(await refusal(threads(invited, roomId))).toBe('403 M_FORBIDDEN');
    expect(await refusal(threads(other, roomId))).toBe('403 M_FORBIDDEN');
    expect(await refusal(threads(alice, '!none:example.org' as typeof roomId))).toBe('403 M_FORBIDDEN');
  });
});
