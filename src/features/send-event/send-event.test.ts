import { expect, test } from 'bun:test';
import { sendMessage, sendMessageLegacy } from '#api/client/room-send.ts';
import { setRoomStateWithKey } from '#api/client/room-state.ts';
import type { Requester } from '#api/requester.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { DeviceId, EventId, RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { EventTransactionStore, EventTransactions } from '#rooms/index.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal, type World } from '#test/world.ts';
import { migrations } from '../../../migrations/index.ts';
import { type SendEventDeps, sendEventFeature } from './index.ts';

const text = (body: string) => ({ msgtype: 'm.text', body });

async function setup(engine: TestEngine, options: Partial<SendEventDeps> = {}) {
  const world = await createWorld(engine);
  const { engine: rooms, directory, events, transactions } = world.rooms;
  const deps: SendEventDeps = {
    engine: rooms,
    rooms: directory,
    events,
    transactions,
    serverName: world.serverName,
    random: world.random,
    changeMembership: async () => undefined,
    redact: async () => '$redaction' as EventId,
    checkCanonicalAlias: async () => undefined,
    isDuplicateAnnotation: async () => false,
    ...options,
  };
  const { routes } = sendEventFeature(deps);
  const send = async (as: Requester, roomId: RoomId, body: JsonObject, txnId = '1', eventType = 'm.room.message') => {
    const sent = { as, params: { roomId, eventType, txnId }, query: {}, body };
    return ((await world.call(routes, sendMessage, sent)) as { event_id: EventId }).event_id;
  };
  const setState = async (as: Requester, roomId: RoomId, eventType: string, body: JsonObject, stateKey?: string) => {
    const params = { roomId, eventType, ...(stateKey !== undefined && { stateKey }) };
    const answer = await world.call(routes, setRoomStateWithKey, { as, params, query: {}, body });
    return (answer as { event_id: EventId }).event_id;
  };
  return { world, deps, routes, send, setState, alice: world.user('alice'), bob: world.user('bob') };
}

async function countMessages(world: World, roomId: RoomId): Promise<number> {
  const { nid } = (await world.rooms.directory.find(roomId))!;
  const timeline = await world.rooms.timeline.newest(nid, 0, world.streams.current(), 100);
  return timeline.filter((event) => !event.isState).length;
}

forEachEngine('sending events', (engine) => {
  test('a request repeated with its transaction id gives the same event, whatever it then holds', async () => {
    const { world, send, alice } = await setup(engine);
    const [roomId, other] = [await world.room(alice), await world.room(alice)];
    const first = await send(alice, roomId, text('first'));
    expect(await send(alice, roomId, text('second'))).toBe(first);
    expect(await send(alice, other, text('first'))).not.toBe(first);
    expect(await send(alice, roomId, text('first'), '2')).not.toBe(first);
    expect(await send(alice, roomId, { x: 1 }, '1', 'org.other')).not.toBe(first);
    expect(await send({ ...alice, deviceId: 'OTHER' as DeviceId }, roomId, text('first'))).not.toBe(first);
    expect(await countMessages(world, roomId)).toBe(4);
  });

  test('two requests with one transaction id at once give one event', async () => {
    const { world, send, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const sent = await Promise.all(Array.from({ length: 5 }, () => send(alice, roomId, text('x'))));
    expect(new Set(sent).size).toBe(1);
    expect(await countMessages(world, roomId)).toBe(1);
  });

  test('transaction ids survive a restart, also of a device with more of them than are kept in memory', async () => {
    const { world, deps, send, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const first = await send(alice, roomId, text('x'), 'first');
    const restarted = () =>
      new EventTransactions(new EventTransactionStore(world.storage.reader), world.rooms.events, world.clock);
    const again = async (transactions: EventTransactions, txnId: string) => {
      const { routes } = sendEventFeature({ ...deps, transactions });
      const params = { roomId, eventType: 'm.room.message', txnId };
      const answer = await world.call(routes, sendMessage, { as: alice, params, query: {}, body: text('again') });
      return (answer as { event_id: EventId }).event_id;
    };
    expect(await again(restarted(), 'first')).toBe(first);
    const many = await Promise.all(Array.from({ length: 520 }, (_, n) => send(alice, roomId, text('x'), `many${n}`)));
    const busy = restarted();
    expect(await again(busy, 'first')).toBe(first);
    // Not all are in memory, whichever they are.
    const events = [...(await world.rooms.events.byIds(many)).values()];
    const ids = await restarted().transactionIds(events, alice);
    expect(new Set(ids.values()).size).toBe(520);
    const fresh = await again(busy, 'fresh');
    expect(fresh).not.toBe(first);
    expect(await again(busy, 'fresh')).toBe(fresh);
  });

  test('a request of a database from before is known', async () => {
    const config = await engine.newDatabase();
    const before = await engine.reopen(config, { migrations: migrations.slice(0, 13) });
    await before.transactor.commit((batch) =>
      batch.add({
        sql:
          'insert into event_transactions (event_nid, user_id, device_id, room_nid, operation, txn_id, sent_ts) ' +
          "values (7, '@alice:example.org', 'A', 3, 'send m.room.message', 'x', 9)",
        parameters: [],
      }),
    );
    await before[Symbol.asyncDispose]();
    const store = new EventTransactionStore((await engine.reopen(config)).reader);
    const request = {
      userId: '@alice:example.org' as UserId,
      deviceId: 'A',
      operation: 'send m.room.message',
      txnId: 'x',
    };
    expect(await store.find({ ...request, roomNid: 3 })).toBe(7);
    expect(await store.find({ ...request, roomNid: 4 })).toBeUndefined();
  });

  test('a request that failed may be made again', async () => {
    const { world, send, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    expect(await refusal(send(bob, roomId, text('x')))).toBe('403 M_FORBIDDEN');
    await world.join(roomId, bob);
    expect(await refusal(send(bob, roomId, text('x')))).toBe('no refusal');
  });

  test('only the sending device is told the transaction id, for a day', async () => {
    const { world, send, alice, bob } = await setup(engine);
    const roomId = await world.room(alice);
    const event = (await world.rooms.events.byId(await send(alice, roomId, text('x'), 'mine')))!;
    const told = async (reader: Requester, transactions = world.rooms.transactions) =>
      (await transactions.transactionIds([event], reader)).get(event.nid);
    expect(await told(alice)).toBe('mine');
    expect(await told({ ...alice, deviceId: 'OTHER' as DeviceId })).toBeUndefined();
    expect(await told({ ...alice, deviceId: undefined })).toBeUndefined();
    expect(await told(bob)).toBeUndefined();
    const restarted = new EventTransactions(
      new EventTransactionStore(world.storage.reader),
      world.rooms.events,
      world.clock,
    );
    expect(await told(alice, restarted)).toBe('mine');
    world.clock.advance(25 * 3_600_000);
    await world.storage.transactor.commit((batch) => batch.add(restarted.prune()));
    const later = new EventTransactions(
      new EventTransactionStore(world.storage.reader),
      world.rooms.events,
      world.clock,
    );
    expect(await told(alice, later)).toBeUndefined();
  });

  test('a transaction id longer than a database index holds is refused', async () => {
    const { world, send, alice } = await setup(engine);
    const roomId = await world.room(alice);
    expect(await refusal(send(alice, roomId, text('x'), 'x'.repeat(513)))).toBe('400 M_INVALID_PARAM');
  });

  test('nobody sends to a room they are not in, nor to one that does not exist', async () => {
    const { world, send, setState, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    const refused = async () => [
      await refusal(send(bob, roomId, text('x'))),
      await refusal(setState(bob, roomId, 'org.state', {})),
    ];
    const both = ['403 M_FORBIDDEN', '403 M_FORBIDDEN'];
    expect(await refused()).toEqual(both);
    await world.invite(roomId, alice, bob);
    expect(await refused()).toEqual(both);
    await world.join(roomId, bob);
    expect(await refused()).toEqual(['no refusal', '403 M_FORBIDDEN']);
    await world.leave(roomId, bob);
    expect(await refusal(send(bob, roomId, text('x'), 'left'))).toBe('403 M_FORBIDDEN');
    await world.ban(roomId, alice, bob);
    expect(await refusal(send(bob, roomId, text('x'), 'banned'))).toBe('403 M_FORBIDDEN');
    expect(await refusal(send(bob, '!none:example.org' as RoomId, text('x')))).toBe('403 M_FORBIDDEN');
  });

  test('what somebody was allowed to send is refused when the state has changed, and names the state it rests on', async () => {
    const { world, send, setState, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    expect(await refusal(send(bob, roomId, text('x'), '1'))).toBe('no refusal');
    const levels = { users: { [alice.userId]: 100 }, events: { 'm.room.message': 50 } };
    await setState(alice, roomId, 'm.room.power_levels', levels);
    expect(await refusal(send(bob, roomId, text('x'), '2'))).toBe('403 M_FORBIDDEN');
    expect(await refusal(send(bob, roomId, text('x'), '3', 'm.reaction'))).toBe('no refusal');
    const raised = await setState(alice, roomId, 'm.room.power_levels', {
      ...levels,
      users: { ...levels.users, [bob.userId]: 50 },
    });
    const sent = await world.rooms.events.byId(await send(bob, roomId, text('x'), '4'));
    expect(sent?.authEventIds).toContain(raised);
    await world.leave(roomId, bob);
    expect(await refusal(send(bob, roomId, text('x'), '5'))).toBe('403 M_FORBIDDEN');
  });

  test('the same state set twice is one event, with and without a state key', async () => {
    const { world, setState, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const first = await setState(alice, roomId, 'm.room.name', { name: 'A' });
    expect(await setState(alice, roomId, 'm.room.name', { name: 'A' }, '')).toBe(first);
    const second = await setState(alice, roomId, 'm.room.name', { name: 'B' });
    expect(second).not.toBe(first);
    expect(await setState(alice, roomId, 'm.room.name', { name: 'A' }, 'key')).not.toBe(first);
  });

  test('a state event that has been redacted can be set again', async () => {
    const { world, setState, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const first = await setState(alice, roomId, 'm.room.name', { name: 'A' });
    await world.redact(roomId, alice, first);
    const again = await setState(alice, roomId, 'm.room.name', { name: 'A' });
    expect(again).not.toBe(first);
    expect((await (await world.rooms.current.of(roomId))!.get('m.room.name'))?.content).toEqual({ name: 'A' });
  });

  test('malformed events are refused as such', async () => {
    const { world, send, setState, alice } = await setup(engine);
    const roomId = await world.room(alice, { version: '12' });
    let n = 0;
    const sent = (body: JsonObject, type?: string) => refusal(send(alice, roomId, body, `bad${n++}`, type));
    const set = (type: string, body: JsonObject, stateKey?: string) =>
      refusal(setState(alice, roomId, type, body, stateKey));
    for (const bad of [
      sent({ msgtype: 'm.text' }),
      sent({ body: 1, msgtype: 'm.text' }),
      sent({ ...text('x'), 'm.mentions': { user_ids: 'all' } }),
      sent({ topic: 'x' }, 'm.room.topic'),
      sent({ value: 1.5 }, 'org.test'),
      sent({ value: 2 ** 53 }, 'org.test'),
      set('m.room.create', { entropy: 1 }),
      set('m.room.name', { name: 1 }),
      set('m.room.power_levels', { ban: '50' }),
      set('m.room.power_levels', { users: { '@x:example.org': 2 ** 53 } }),
      set('m.room.power_levels', { users: { [alice.userId]: 100 } }),
      set('m.room.power_levels', { events: [] }),
      set('m.room.server_acl', { allow: ['other.org'] }),
      set('m.room.tombstone', { replacement_room: roomId }),
      set('m.room.tombstone', {}),
      set('m.room.member', { membership: 'join' }, 'nobody'),
    ]) {
      expect(await bad).toBe('400 M_BAD_JSON');
    }
    expect(await sent(text('x'.repeat(70_000)))).toBe('413 M_TOO_LARGE');
    expect(await set('org.big', { body: 'x'.repeat(70_000) })).toBe('413 M_TOO_LARGE');
    expect(await sent({}, 't'.repeat(256))).toBe('413 M_TOO_LARGE');
    expect(await set('m.room.server_acl', { allow: ['*'], deny: ['evil.org'] })).toBe('no refusal');
  });

  test('a number written as a float is refused where the room version is strict, though it is whole', async () => {
    const { world, routes, alice } = await setup(engine);
    const send = (roomId: RoomId) => {
      const params = { roomId, eventType: 'org.test' };
      const request = { bodyText: '{"n":1.0}' };
      return refusal(world.call(routes, sendMessageLegacy, { as: alice, params, query: {}, body: { n: 1 }, request }));
    };
    expect(await send(await world.room(alice, { version: '6' }))).toBe('400 M_BAD_JSON');
    expect(await send(await world.room(alice, { version: '5' }))).toBe('no refusal');
  });

  test('only an appservice says when its event was sent', async () => {
    const { world, routes, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const sentAt = async (as: Requester) => {
      const params = { roomId, eventType: 'm.room.message' };
      const answer = await world.call(routes, sendMessageLegacy, { as, params, query: { ts: 1234 }, body: text('x') });
      return (await world.rooms.events.byId((answer as { event_id: EventId }).event_id))!.originServerTs;
    };
    expect(await sentAt({ ...alice, appserviceId: 'bridge' })).toBe(1234);
    expect(await sentAt(alice)).toBe(world.clock.now());
  });

  test('an event to be sent later is refused rather than sent now', async () => {
    const { world, routes, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const params = { roomId, eventType: 'm.room.message', txnId: '1' };
    const query = { 'org.matrix.msc4140.delay': 1000 };
    const sent = world.call(routes, sendMessage, { as: alice, params, query, body: text('x') });
    expect(await refusal(sent)).toBe('400 M_INVALID_PARAM');
    expect(await countMessages(world, roomId)).toBe(0);
  });

  test('reactions are made once, threads start from events that relate to none, and parents are of the room', async () => {
    const reacted = new Set<string>();
    const { world, send, alice } = await setup(engine, {
      isDuplicateAnnotation: async (_room, sender, parent, key) => reacted.has(`${sender} ${parent} ${key}`),
    });
    const [roomId, other] = [await world.room(alice), await world.room(alice)];
    const parent = await send(alice, roomId, text('x'), 'parent');
    const relating = (relation: JsonObject, txnId: string, type = 'm.room.message') =>
      send(alice, roomId, { ...text('y'), 'm.relates_to': relation }, txnId, type);
    const like = { rel_type: 'm.annotation', event_id: parent, key: '👍' };
    expect(await refusal(relating(like, '2', 'm.reaction'))).toBe('no refusal');
    reacted.add(`${alice.userId} ${parent} 👍`);
    expect(await refusal(relating(like, '3', 'm.reaction'))).toBe('400 M_DUPLICATE_ANNOTATION');
    expect(await refusal(relating({ ...like, key: 'k'.repeat(501) }, '4', 'm.reaction'))).toBe('400 M_BAD_JSON');
    const inThread = await relating({ rel_type: 'm.thread', event_id: parent }, '5');
    expect(await refusal(relating({ rel_type: 'm.thread', event_id: inThread }, '6'))).toBe('400 M_BAD_JSON');
    expect(await refusal(relating({ rel_type: 'm.reference', event_id: '$none' }, '7'))).toBe('400 M_BAD_JSON');
    const elsewhere = await send(alice, other, text('x'));
    expect(await refusal(relating({ rel_type: 'm.reference', event_id: elsewhere }, '8'))).toBe('400 M_BAD_JSON');
  });

  test('a canonical alias is checked against what it was before', async () => {
    const asked: unknown[] = [];
    const { world, setState, alice } = await setup(engine, {
      checkCanonicalAlias: async (_room, content, previous) => {
        asked.push([content, previous]);
        if (content.alias === '#bad:example.org') throw new MatrixError('M_BAD_ALIAS', 'no');
      },
    });
    const roomId = await world.room(alice);
    await setState(alice, roomId, 'm.room.canonical_alias', { alias: '#a:example.org' });
    const bad = setState(alice, roomId, 'm.room.canonical_alias', { alias: '#bad:example.org' });
    expect(await refusal(bad)).toBe('400 M_BAD_ALIAS');
    expect(asked).toEqual([
      [{ alias: '#a:example.org' }, undefined],
      [{ alias: '#bad:example.org' }, { alias: '#a:example.org' }],
    ]);
  });

  test('member events and redactions go to those who know their rules', async () => {
    const seen: unknown[] = [];
    const { world, send, setState, alice, bob } = await setup(engine, {
      changeMembership: async (_caller, change) => {
        seen.push(change);
        return undefined;
      },
      redact: async (_caller, redaction) => {
        seen.push(redaction);
        return '$redaction' as EventId;
      },
    });
    const roomId = await world.room(alice);
    await setState(alice, roomId, 'm.room.member', { membership: 'invite' }, bob.userId);
    expect(await send(alice, roomId, { redacts: '$x', reason: 'r' }, '1', 'm.room.redaction')).toBe(
      '$redaction' as EventId,
    );
    expect(seen).toEqual([
      { roomId, target: bob.userId, content: { membership: 'invite' }, originServerTs: undefined },
      { roomId, redacts: '$x', content: { reason: 'r' }, txnId: '1', originServerTs: undefined },
    ]);
    expect(await refusal(send(alice, roomId, {}, '2', 'm.room.redaction'))).toBe('400 M_BAD_JSON');
  });

  test('what a shadow-banned user says goes nowhere, unnoticed', async () => {
    const { world, send, setState, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const shadowed = { ...alice, isShadowBanned: true };
    expect(await send(shadowed, roomId, text('x'))).toMatch(/^\$[\w-]{43}$/);
    expect(await setState(shadowed, roomId, 'm.room.name', { name: 'x' })).toMatch(/^\$[\w-]{43}$/);
    expect(await countMessages(world, roomId)).toBe(0);
  });
});
