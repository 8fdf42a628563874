import { expect, test } from 'bun:test';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { refusal } from '#test/world.ts';
import { createMessagesWorld, told } from './test-messages.ts';

forEachEngine('/context', (engine) => {
  test('it shows what came before and after, and where to go on', async () => {
    const { world, messages, context, alice } = await createMessagesWorld(engine);
    const roomId = await world.room(alice);
    const ids: string[] = [];
    for (const body of ['1', '2', '3', '4', '5', '6', '7']) ids.push(await world.message(roomId, alice, body));
    const around = await context(alice, roomId, ids[3]!, { limit: 4 });
    expect(told([around.event])).toEqual(['4']);
    expect([told(around.events_before), told(around.events_after)]).toEqual([
      ['3', '2'],
      ['5', '6'],
    ]);
    expect(told((await messages(alice, roomId, { dir: 'b', from: around.start, limit: 1 })).chunk)).toEqual(['1']);
    expect(told((await messages(alice, roomId, { dir: 'f', from: around.end })).chunk)).toEqual(['7']);
    expect(around.event).toMatchObject({ event_id: ids[3]!, room_id: roomId });
    const odd = await context(alice, roomId, ids[3]!, { limit: 1 });
    expect([told(odd.events_before), told(odd.events_after)]).toEqual([[], ['5']]);
  });

  test('with a limit of nothing its tokens are right beside the event', async () => {
    const { world, messages, context, alice } = await createMessagesWorld(engine);
    const roomId = await world.room(alice);
    const [, second] = [await world.message(roomId, alice, '1'), await world.message(roomId, alice, '2')];
    await world.message(roomId, alice, '3');
    const around = await context(alice, roomId, second, { limit: 0 });
    expect([around.events_before, around.events_after]).toEqual([[], []]);
    const from = async (token: string, dir: 'b' | 'f') =>
      told((await messages(alice, roomId, { dir, from: token, limit: 1 })).chunk);
    expect(await from(around.start, 'b')).toEqual(['1']);
    expect(await from(around.start, 'f')).toEqual(['2']);
    expect(await from(around.end, 'b')).toEqual(['2']);
    expect(await from(around.end, 'f')).toEqual(['3']);
  });

  test('its state is that after the last event shown, of members only those who are lazily loaded', async () => {
    const { world, context, alice, bob, carol } = await createMessagesWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public', name: 'old' });
    await world.join(roomId, bob, carol);
    const target = await world.message(roomId, bob, 'target');
    await world.state(roomId, alice, 'm.room.name', { name: 'new' });
    const nameIn = (state: readonly object[]) =>
      (state as { type: string; content: JsonObject }[]).find(({ type }) => type === 'm.room.name')?.content.name;
    expect(nameIn((await context(alice, roomId, target, { limit: 0 })).state)).toBe('old');
    const around = await context(alice, roomId, target);
    expect(nameIn(around.state)).toBe('new');
    expect(told(around.state)).toContain(`m.room.member ${carol.userId}`);
    const lazy = { filter: '{"lazy_load_members":true}', limit: 0 };
    const members = told((await context(alice, roomId, target, lazy)).state).filter((one) => one.includes('member'));
    expect(members).toEqual([`m.room.member ${bob.userId}`]);
  });

  test('a filter applies to what is around and to the state, not to the event', async () => {
    const { world, context, alice, bob } = await createMessagesWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    await world.message(roomId, bob, 'b');
    const target = await world.message(roomId, alice, 'target');
    await world.message(roomId, alice, 'a');
    const filter = JSON.stringify({ senders: [bob.userId] });
    const around = await context(alice, roomId, target, { filter });
    expect(told([around.event, ...around.events_before, ...around.events_after])).toEqual([
      'target',
      'b',
      `m.room.member ${bob.userId}`,
    ]);
    expect(told(around.state)).toEqual([`m.room.member ${bob.userId}`]);
    const nothing = await context(alice, roomId, target, { filter: '{"types":[]}' });
    expect([nothing.events_before, nothing.events_after, nothing.state]).toEqual([[], [], []]);
  });

  test('an event that its reader may not see does not exist', async () => {
    const { world, context, ignore, alice, bob, carol } = await createMessagesWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public', historyVisibility: 'joined' });
    const [banned, invited, other] = [world.user('banned'), world.user('invited'), world.user('other')];
    await world.join(roomId, bob, banned);
    const early = await world.message(roomId, alice, 'early');
    await world.leave(roomId, bob);
    await world.ban(roomId, alice, banned);
    await world.invite(roomId, alice, invited);
    const late = await world.message(roomId, alice, 'late');
    await world.join(roomId, carol);
    for (const user of [bob, banned]) {
      const around = await context(user, roomId, early);
      expect(told([around.event])).toEqual(['early']);
      expect(told(around.events_after)).not.toContain('late');
      expect(await refusal(context(user, roomId, late))).toBe('404 M_NOT_FOUND');
    }
    expect(await refusal(context(carol, roomId, early))).toBe('404 M_NOT_FOUND');
    for (const user of [invited, other]) expect(await refusal(context(user, roomId, late))).toBe('403 M_FORBIDDEN');
    expect(await refusal(context(alice, roomId, '$unknown'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(context(alice, roomId, '$a\0b'))).toMatch(/^4/);
    const elsewhere = await world.room(other);
    expect(await refusal(context(other, elsewhere, late))).toBe('404 M_NOT_FOUND');
    const unwanted = await world.message(roomId, carol, 'unwanted');
    ignore(alice, carol);
    expect(await refusal(context(alice, roomId, unwanted))).toBe('404 M_NOT_FOUND');
  });

  test('whoever looks in from outside sees it in a world-readable room', async () => {
    const { world, context, alice, bob } = await createMessagesWorld(engine);
    const roomId = await world.room(alice, { historyVisibility: 'world_readable' });
    const message = await world.message(roomId, alice, 'open');
    expect(told([(await context(bob, roomId, message)).event])).toEqual(['open']);
  });
});

forEachEngine('/timestamp_to_event', (engine) => {
  test('it finds the nearest event in each direction, and of several at one time the nearest in the timeline', async () => {
    const { world, eventAt, alice } = await createMessagesWorld(engine);
    const roomId = await world.room(alice);
    const send = async (originServerTs: number) =>
      (await world.rooms.engine.send(roomId, { type: 'm.x', sender: alice.userId, content: {}, originServerTs })).event
        .eventId;
    const made = world.clock.now();
    const [a, b1, b2] = [await send(made + 1_000), await send(made + 2_000), await send(made + 2_000)];
    expect(await eventAt(alice, roomId, made + 1, 'f')).toBe(a);
    expect(await eventAt(alice, roomId, made + 1_000, 'f')).toBe(a);
    expect(await eventAt(alice, roomId, made + 1_999, 'b')).toBe(a);
    expect(await eventAt(alice, roomId, made + 2_000, 'f')).toBe(b1);
    expect(await eventAt(alice, roomId, made + 2_000, 'b')).toBe(b2);
    expect(await eventAt(alice, roomId, 1e300, 'b')).toBe(b2);
    expect(await refusal(eventAt(alice, roomId, made + 2_001, 'f'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(eventAt(alice, roomId, made - 1, 'b'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(eventAt(alice, roomId, 1e300, 'f'))).toBe('404 M_NOT_FOUND');
  });

  test('it finds only what its reader may see, beyond however much they may not', async () => {
    const { world, eventAt, alice, bob, carol } = await createMessagesWorld(engine);
    const roomId = await world.room(alice, { joinRule: 'public', historyVisibility: 'joined' });
    // Until it says otherwise, a room shares its history.
    await world.clock.advance(1_000);
    const closed = world.clock.now();
    await world.join(roomId, carol);
    for (let index = 0; index < 110; index++) await world.message(roomId, alice);
    const left = await world.membership(roomId, carol, carol, 'leave');
    const own = await world.membership(roomId, bob, bob, 'join');
    await world.message(roomId, alice);
    expect(await eventAt(bob, roomId, closed, 'f')).toBe(own);
    expect(await eventAt(carol, roomId, world.clock.now() + 1, 'b')).toBe(left);
    const [invited, other] = [world.user('invited'), world.user('other')];
    await world.invite(roomId, alice, invited);
    for (const user of [invited, other]) expect(await refusal(eventAt(user, roomId, 0, 'f'))).toBe('403 M_FORBIDDEN');
    await world.ban(roomId, alice, bob);
    expect(await eventAt(bob, roomId, closed, 'f')).toBe(own);
  });

  test('whoever looks in from outside asks in a world-readable room', async () => {
    const { world, eventAt, alice, bob } = await createMessagesWorld(engine);
    const roomId = await world.room(alice, { historyVisibility: 'world_readable' });
    await world.clock.advance(5_000);
    const message = await world.message(roomId, alice);
    expect(await eventAt(bob, roomId, world.clock.now(), 'f')).toBe(message);
  });
});
