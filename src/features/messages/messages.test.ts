import { expect, test } from 'bun:test';
import { encodeSyncToken } from '#platform/streams/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { refusal } from '#test/world.ts';
import { createMessagesWorld, told } from './test-messages.ts';

const filtered = (filter: JsonObject): JsonObject => ({ filter: JSON.stringify(filter) });

forEachEngine('/messages', (engine) => {
  test('it goes back from the newest event to the first, and says where it ends', async () => {
    const { world, messages, alice } = await createMessagesWorld(engine);
    const roomId = await world.room(alice);
    for (const body of ['1', '2', '3']) await world.message(roomId, alice, body);
    const first = await messages(alice, roomId, { dir: 'b', limit: 2 });
    expect(told(first.chunk)).toEqual(['3', '2']);
    const second = await messages(alice, roomId, { dir: 'b', limit: 5, from: first.end! });
    expect(second.start).toBe(first.end!);
    expect(told(second.chunk)).toEqual([
      '1',
      'm.room.history_visibility',
      'm.room.join_rules',
      'm.room.power_levels',
      `m.room.member ${alice.userId}`,
    ]);
    const last = await messages(alice, roomId, { dir: 'b', from: second.end! });
    expect(told(last.chunk)).toEqual(['m.room.create']);
    expect(last).not.toHaveProperty('end');
    expect(await messages(alice, roomId, { dir: 'b', from: 't0_0' })).toEqual({ chunk: [], start: 't0_0' });
  });

  test('it goes forward from the first event, or from a sync token', async () => {
    const { world, messages, alice } = await createMessagesWorld(engine);
    const roomId = await world.room(alice);
    const token = encodeSyncToken(world.streams.current());
    for (const body of ['1', '2', '3']) await world.message(roomId, alice, body);
    expect(told((await messages(alice, roomId, { limit: 2 })).chunk)).toEqual([
      'm.room.create',
      `m.room.member ${alice.userId}`,
    ]);
    const page = await messages(alice, roomId, { dir: 'f', from: token });
    expect([told(page.chunk), page.start]).toEqual([['1', '2', '3'], token]);
    const atEnd = await messages(alice, roomId, { dir: 'f', from: page.end! });
    expect(atEnd).toEqual({ chunk: [], start: page.end! });
    await world.message(roomId, alice, '4');
    expect(told((await messages(alice, roomId, { dir: 'f', from: page.end! })).chunk)).toEqual(['4']);
  });

  test('the start of a page is where one turns round', async () => {
    const { world, messages, alice } = await createMessagesWorld(engine);
    const roomId = await world.room(alice);
    await world.message(roomId, alice, 'before');
    const { start } = await messages(alice, roomId, { dir: 'b', limit: 1 });
    await world.message(roomId, alice, 'after');
    expect(told((await messages(alice, roomId, { dir: 'f', from: start })).chunk)).toEqual(['after']);
    const first = await messages(alice, roomId, { dir: 'f', limit: 1 });
    expect(told((await messages(alice, roomId, { dir: 'b', from: first.start })).chunk)).toEqual([]);
  });

  test('it stops at `to`', async () => {
    const { world, messages, alice } = await createMessagesWorld(engine);
    const roomId = await world.room(alice);
    await world.message(roomId, alice, '1');
    const token = encodeSyncToken(world.streams.current());
    await world.message(roomId, alice, '2');
    await world.message(roomId, alice, '3');
    const back = await messages(alice, roomId, { dir: 'b', to: token });
    expect(told(back.chunk)).toEqual(['3', '2']);
    expect(back).not.toHaveProperty('end');
    expect(told((await messages(alice, roomId, { dir: 'f', to: token })).chunk).at(-1)).toBe('1');
  });

  test('a token that is none is refused; one of the future or of elsewhere shows nothing more', async () => {
    const { world, messages, alice, bob } = await createMessagesWorld(engine);
    const roomId = await world.room(alice);
    const elsewhere = await world.room(bob);
    await world.message(elsewhere, bob, 'secret');
    const { end } = await messages(bob, elsewhere, { dir: 'b', limit: 1 });
    expect(JSON.stringify(await messages(alice, roomId, { dir: 'b', from: end! }))).not.toContain('secret');
    for (const from of ['s999999999', 't999999999_999999999', 't9007199254740991_9007199254740991']) {
      expect((await messages(alice, roomId, { dir: 'f', from })).chunk).toEqual([]);
      expect((await messages(alice, roomId, { dir: 'b', from })).chunk).toHaveLength(5);
    }
    for (const from of ['x', 't', 't1', 't-1_1', 't99999999999999999_1', 's', 's1_2', 'a\0b']) {
      expect(await refusal(messages(alice, roomId, { dir: 'b', from }))).toBe('400 M_INVALID_PARAM');
      expect(await refusal(messages(alice, roomId, { dir: 'b', to: from }))).toBe('400 M_INVALID_PARAM');
    }
  });

  test('a limit of nothing gives nothing, and one beyond all bounds is bounded', async () => {
    const { world, messages, alice } = await createMessagesWorld(engine);
    const roomId = await world.room(alice);
    expect(await messages(alice, roomId, { dir: 'b', limit: 0 })).toEqual({ chunk: [], start: expect.any(String) });
    expect((await messages(alice, roomId, { dir: 'b', limit: 1e12 })).chunk).toHaveLength(5);
    expect(await refusal(messages(alice, roomId, { dir: 'b', limit: -1 }))).toBe('400 M_INVALID_PARAM');
  });

  test('a filter chooses by type, sender, url, room and relation, however much it skips', async () => {
    const { world, messages, relatedTo, alice, bob } = await createMessagesWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const send = async (by: typeof alice, content: JsonObject) =>
      (await world.rooms.engine.send(roomId, { type: 'm.room.message', sender: by.userId, content })).event;
    const image = await send(bob, { body: 'image', url: 'mxc://x/y' });
    await send(bob, { body: 'threaded', 'm.relates_to': { rel_type: 'm.thread', event_id: image.eventId } });
    for (let index = 0; index < 60; index++) await send(alice, { body: 'noise' });
    const ask = async (filter: JsonObject, query: JsonObject = {}) =>
      told((await messages(alice, roomId, { dir: 'b', ...filtered(filter), ...query })).chunk);
    expect(await ask({ senders: [bob.userId] })).toEqual(['threaded', 'image', `m.room.member ${bob.userId}`]);
    expect(await ask({ senders: [bob.userId] }, { limit: 1 })).toEqual(['threaded']);
    expect(await ask({ types: ['m.room.cre*'] })).toEqual(['m.room.create']);
    expect(await ask({ not_types: ['m.room.*'] })).toEqual([]);
    expect(await ask({ contains_url: true })).toEqual(['image']);
    expect(await ask({ rel_types: ['m.thread'] })).toEqual(['threaded']);
    expect(await ask({ 'org.matrix.msc3874.rel_types': ['m.thread'] })).toEqual(['threaded']);
    expect(await ask({ not_rooms: [roomId] })).toEqual([]);
    expect(await ask({ types: [] })).toEqual([]);
    expect(await ask({ limit: 2, senders: [bob.userId] })).toHaveLength(2);
    relatedTo.set(image.nid, [{ sender: alice.userId, relType: 'm.thread' }]);
    expect(await ask({ related_by_rel_types: ['m.thread'] })).toEqual(['image']);
    expect(await ask({ related_by_senders: [bob.userId] })).toEqual([]);
  });

  test('a filter that is none is refused', async () => {
    const { world, messages, alice } = await createMessagesWorld(engine);
    const roomId = await world.room(alice);
    expect(await refusal(messages(alice, roomId, { dir: 'b', filter: '{' }))).toBe('400 M_NOT_JSON');
    for (const filter of ['7', '[]', '{"types":"m.room.message"}', '{"limit":"x"}', '{"senders":[1]}']) {
      expect(await refusal(messages(alice, roomId, { dir: 'b', filter }))).toMatch(/^400 /);
    }
  });

  test('lazily loaded members are those of the senders, and of nobody else', async () => {
    const { world, messages, alice, bob, carol } = await createMessagesWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob, carol);
    await world.message(roomId, bob);
    const token = encodeSyncToken(world.streams.current());
    await world.message(roomId, carol);
    const to = encodeSyncToken(world.streams.current());
    const lazy = filtered({ lazy_load_members: true });
    const { state } = await messages(alice, roomId, { dir: 'f', from: token, to, ...lazy });
    expect(state).toMatchObject([
      { type: 'm.room.member', state_key: carol.userId, room_id: roomId, content: { membership: 'join' } },
    ]);
    const back = await messages(alice, roomId, { dir: 'b', limit: 2, ...lazy });
    expect(told(back.state).sort()).toEqual([`m.room.member ${bob.userId}`, `m.room.member ${carol.userId}`]);
    expect(await messages(alice, roomId, { dir: 'b' })).not.toHaveProperty('state');
    // Whoever came while the page ran: no member at its start.
    const from = encodeSyncToken(world.streams.current());
    const dave = world.user('dave');
    await world.message(roomId, alice);
    await world.join(roomId, dave);
    await world.message(roomId, dave);
    const messagesOnly = filtered({ lazy_load_members: true, types: ['m.room.message'] });
    const later = await messages(alice, roomId, { dir: 'f', from, ...messagesOnly });
    expect(told(later.state).sort()).toEqual([`m.room.member ${alice.userId}`, `m.room.member ${dave.userId}`]);
  });

  test('messages of ignored users are left out, their state is not', async () => {
    const { world, messages, ignore, alice, bob } = await createMessagesWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    await world.message(roomId, bob, 'unwanted');
    await world.message(roomId, alice, 'wanted');
    ignore(alice, bob);
    expect(told((await messages(alice, roomId, { dir: 'b', limit: 2 })).chunk)).toEqual([
      'wanted',
      `m.room.member ${bob.userId}`,
    ]);
  });

  test('a redacted message is shown without what it said', async () => {
    const { world, messages, context, alice } = await createMessagesWorld(engine);
    const roomId = await world.room(alice);
    const message = await world.message(roomId, alice, 'secret');
    await world.redact(roomId, alice, message);
    expect(JSON.stringify(await messages(alice, roomId, { dir: 'b' }))).not.toContain('secret');
    expect(JSON.stringify(await context(alice, roomId, message))).not.toContain('secret');
  });

  test('each event says what the reader was to the room', async () => {
    const { world, messages, alice, bob } = await createMessagesWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.message(roomId, alice, 'before');
    await world.join(roomId, bob);
    await world.message(roomId, alice, 'after');
    const { chunk } = await messages(bob, roomId, { dir: 'b', limit: 3 });
    const memberships = chunk.map(({ unsigned }) => (unsigned as JsonObject).membership);
    expect(memberships).toEqual(['join', 'join', 'leave']);
  });

  test('who has left reads up to their leaving, in both directions', async () => {
    const { world, messages, alice, bob } = await createMessagesWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public', historyVisibility: 'joined' });
    const banned = world.user('banned');
    await world.join(roomId, bob, banned);
    await world.message(roomId, alice, 'before');
    await world.leave(roomId, bob);
    await world.ban(roomId, alice, banned);
    const token = encodeSyncToken(world.streams.current());
    await world.message(roomId, alice, 'after');
    for (const user of [bob, banned]) {
      const query = { dir: 'b', limit: 3, from: token };
      expect(told((await messages(user, roomId, query)).chunk)).toContain('before');
      expect(told((await messages(user, roomId, { dir: 'b' })).chunk)).not.toContain('after');
      expect(await messages(user, roomId, { dir: 'f', from: token })).toEqual({ chunk: [], start: token });
      const forward = await messages(user, roomId, { dir: 'f', limit: 100 });
      expect(told(forward.chunk)).not.toContain('after');
      expect(forward).not.toHaveProperty('end');
    }
  });

  test('nobody reads a room from outside, unless it is world-readable', async () => {
    const { world, messages, alice, bob, carol } = await createMessagesWorld(engine);
    const closed = await world.room(alice, { joinRule: 'public' });
    const open = await world.room(alice, { historyVisibility: 'world_readable' });
    await world.invite(closed, alice, carol);
    await world.message(open, alice, 'open');
    expect(await refusal(messages(bob, closed, { dir: 'b' }))).toBe('403 M_FORBIDDEN');
    expect(await refusal(messages(carol, closed, { dir: 'b' }))).toBe('403 M_FORBIDDEN');
    expect(await refusal(messages(bob, '!none:example.org' as typeof open, { dir: 'b' }))).toBe('403 M_FORBIDDEN');
    expect(told((await messages(bob, open, { dir: 'b', limit: 1 })).chunk)).toEqual(['open']);
    expect(told((await messages(world.user('guest', { isGuest: true }), open, { dir: 'b', limit: 1 })).chunk)).toEqual([
      'open',
    ]);
    expect(await refusal(messages(undefined as never, open, { dir: 'b' }))).toBe('401 M_MISSING_TOKEN');
  });

  test('who came later reads of before only what the room shares', async () => {
    const { world, messages, alice, bob } = await createMessagesWorld(engine);
    for (const [historyVisibility, isRead] of [
      ['shared', true],
      ['joined', false],
      ['invited', false],
    ] as const) {
      const roomId = await world.room(alice, { joinRule: 'public', historyVisibility });
      await world.message(roomId, alice, 'before');
      await world.join(roomId, bob);
      expect(told((await messages(bob, roomId, { dir: 'b' })).chunk).includes('before')).toBe(isRead);
    }
  });
});
