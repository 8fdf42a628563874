import { expect, test } from 'bun:test';
import { getNotifications } from '#api/client/notifications.ts';
import { getPushers, postPusher } from '#api/client/pusher.ts';
import { setPushRule } from '#api/client/pushrules.ts';
import { postReceipt } from '#api/client/receipts.ts';
import type { Requester } from '#api/requester.ts';
import type { DeviceId, EventId, RoomId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { type Notifying, notifyingWorld } from '#test/notifying.ts';
import { forEachEngine } from '#test/storage.ts';
import { refusal } from '#test/world.ts';

const nidOf = async (on: Notifying, roomId: RoomId) => (await on.world.rooms.directory.find(roomId))!.nid;

/** `[notifications, highlights]` of a user in a room. */
async function unread(on: Notifying, of: Requester, roomId: RoomId, counter = on.notifications.unread) {
  const nid = await nidOf(on, roomId);
  const { total } = (await counter.countsFor(of.userId, [nid])).get(nid)!;
  return [total.notificationCount, total.highlightCount];
}

async function say(on: Notifying, roomId: RoomId, by: Requester, content: JsonObject = {}, type = 'm.room.message') {
  const draft = { type, sender: by.userId, content: { msgtype: 'm.text', body: 'hello', ...content } };
  return (await on.world.rooms.engine.send(roomId, draft)).event;
}

async function countRows(on: Notifying): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of ['notified_events', 'notified_audiences', 'notified_users', 'read_marks']) {
    const row = await on.world.storage.reader.first<{ n: number }>({
      sql: `select count(*) as n from ${table}`,
      parameters: [],
    });
    counts[table] = Number(row!.n);
  }
  return counts;
}

const read = (on: Notifying, as: Requester, roomId: RoomId, eventId: EventId, threadId?: string) =>
  on.world.call(on.routes, postReceipt, {
    as,
    params: { roomId, receiptType: 'm.read', eventId },
    body: threadId === undefined ? {} : { thread_id: threadId },
  });

const mute = (on: Notifying, as: Requester, roomId: RoomId) =>
  on.world.call(on.routes, setPushRule, { as, params: { kind: 'room', ruleId: roomId }, body: { actions: [] } });

const list = (on: Notifying, as: Requester, query: { from?: string; limit?: number; only?: string } = {}) =>
  on.world.call(on.routes, getNotifications, { as, query });

const bodies = (page: { notifications: readonly { event: JsonObject }[] }) =>
  page.notifications.map(({ event }) => (event.content as JsonObject).body);

forEachEngine('notifications', (engine) => {
  test('a message costs one or two rows, however many members it notifies and however many have muted the room', async () => {
    const on = await notifyingWorld(engine);
    const { world } = on;
    const [alice, bob] = [world.user('alice'), world.user('bob')];
    const others = Array.from({ length: 12 }, (_, n) => world.user(`user${n}`));
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob, ...others);
    for (const other of others.slice(0, 5)) await mute(on, other, roomId);
    await say(on, roomId, alice);
    const before = await countRows(on);
    for (let n = 0; n < 10; n++) await say(on, roomId, alice);
    expect(await countRows(on)).toEqual({ ...before, notified_events: before.notified_events! + 10 });
    await say(on, roomId, alice, { 'm.mentions': { user_ids: [bob.userId, others[0]!.userId] } });
    const after = await countRows(on);
    // Whoever muted the room is not told of a mention in it: the rule that mutes comes after the one for mentions.
    expect(after.notified_users! - before.notified_users!).toBe(2);
    expect(after.notified_events! - before.notified_events!).toBe(11);
    expect(await unread(on, bob, roomId)).toEqual([12, 1]);
    expect(await unread(on, others[0]!, roomId)).toEqual([1, 1]);
    expect(await unread(on, others[11]!, roomId)).toEqual([12, 0]);
    expect(await unread(on, alice, roomId)).toEqual([0, 0]);
    expect(await unread(on, others[11]!, roomId, on.restarted().notifications.unread)).toEqual([12, 0]);
  });

  test('threads are counted each for itself, and read each for itself or all at once', async () => {
    const on = await notifyingWorld(engine);
    const { world } = on;
    const [alice, bob] = [world.user('alice'), world.user('bob')];
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const nid = await nidOf(on, roomId);
    const inThread = (root: EventId, more: JsonObject = {}) =>
      say(on, roomId, alice, { ...more, 'm.relates_to': { rel_type: 'm.thread', event_id: root } });
    const a = await say(on, roomId, alice);
    const b = await inThread(a.eventId);
    await inThread(a.eventId, { body: `hi ${bob.userId}` });
    const d = await say(on, roomId, alice, { body: `hi ${bob.userId}` });
    await inThread(a.eventId);
    const f = await say(on, roomId, alice, { 'm.relates_to': { rel_type: 'm.reference', event_id: a.eventId } });
    const relation = { rel_type: 'm.annotation', event_id: f.eventId, key: 'x' };
    const g = await say(on, roomId, alice, { 'm.relates_to': relation }, 'm.room.reaction');
    const counts = async () => {
      const { total, main, threads } = (await on.notifications.unread.countsFor(bob.userId, [nid])).get(nid)!;
      return [total, main, threads.get(a.eventId)].map((of) => of && [of.notificationCount, of.highlightCount]);
    };
    expect(await counts()).toEqual([
      [6, 2],
      [3, 1],
      [3, 1],
    ]);
    await read(on, bob, roomId, a.eventId, 'main');
    expect(await counts()).toEqual([
      [5, 2],
      [2, 1],
      [3, 1],
    ]);
    await read(on, bob, roomId, b.eventId, a.eventId);
    expect(await counts()).toEqual([
      [4, 2],
      [2, 1],
      [2, 1],
    ]);
    await read(on, bob, roomId, d.eventId);
    expect(await counts()).toEqual([
      [2, 0],
      [1, 0],
      [1, 0],
    ]);
    await read(on, bob, roomId, g.eventId, a.eventId);
    expect(await counts()).toEqual([[1, 0], [1, 0], undefined]);
  });

  test('whoever says something has read the thread up to there; whoever changes state or their profile has not', async () => {
    const on = await notifyingWorld(engine);
    const { world } = on;
    const [alice, bob] = [world.user('alice'), world.user('bob')];
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const root = await say(on, roomId, alice);
    await say(on, roomId, alice, { 'm.relates_to': { rel_type: 'm.thread', event_id: root.eventId } });
    await world.membership(roomId, bob, bob, 'join', { displayname: 'Bob' });
    expect(await unread(on, bob, roomId)).toEqual([2, 0]);
    await say(on, roomId, bob);
    expect(await unread(on, bob, roomId)).toEqual([1, 0]);
    await say(on, roomId, bob, { 'm.relates_to': { rel_type: 'm.thread', event_id: root.eventId } });
    expect(await unread(on, bob, roomId)).toEqual([0, 0]);
  });

  test('a state event that notifies does not stand for the mark of its sender', async () => {
    const on = await notifyingWorld(engine);
    const { world } = on;
    const [alice, bob] = [world.user('alice'), world.user('bob')];
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const conditions = [{ kind: 'event_match', key: 'type', pattern: 'm.room.topic' }];
    await world.call(on.routes, setPushRule, {
      as: bob,
      params: { kind: 'override', ruleId: 'topic' },
      body: { actions: ['notify'], conditions },
    });
    await say(on, roomId, bob);
    await world.state(roomId, alice, 'm.room.topic', { topic: 'new' });
    expect(await unread(on, alice, roomId)).toEqual([1, 0]);
    await say(on, roomId, alice);
    expect(await unread(on, alice, roomId)).toEqual([0, 0]);
  });

  test('a redacted event is no longer counted nor listed', async () => {
    const on = await notifyingWorld(engine);
    const { world } = on;
    const [alice, bob] = [world.user('alice'), world.user('bob')];
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const plain = await say(on, roomId, alice);
    const mention = await say(on, roomId, alice, { 'm.mentions': { user_ids: [bob.userId] } });
    expect(await unread(on, bob, roomId)).toEqual([2, 1]);
    await world.redact(roomId, alice, mention.eventId);
    expect(await unread(on, bob, roomId)).toEqual([1, 0]);
    expect(await unread(on, bob, roomId, on.restarted().notifications.unread)).toEqual([1, 0]);
    expect((await list(on, bob)).notifications.map(({ event }) => event.event_id)).toEqual([plain.eventId]);
  });

  test('encrypted events, ignored senders and appservice users', async () => {
    const on = await notifyingWorld(engine);
    const { world } = on;
    const [alice, bob, carl] = [world.user('alice'), world.user('bob'), world.user('carl')];
    on.ignored.set(carl.userId, new Set([alice.userId]));
    const ghost = world.user('ghost');
    on.appserviceUsers.add(ghost.userId);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob, carl, ghost);
    await say(on, roomId, alice, {}, 'm.room.encrypted');
    expect(await unread(on, bob, roomId)).toEqual([1, 0]);
    expect(await unread(on, carl, roomId)).toEqual([0, 0]);
    expect(await unread(on, ghost, roomId)).toEqual([0, 0]);
  });

  test('what was before a join is not counted, and an old stay in the room neither', async () => {
    const on = await notifyingWorld(engine);
    const { world } = on;
    const [alice, bob] = [world.user('alice'), world.user('bob')];
    const roomId = await world.room(alice, { joinRule: 'public' });
    await say(on, roomId, alice);
    await world.join(roomId, bob);
    await say(on, roomId, alice);
    expect(await unread(on, bob, roomId)).toEqual([1, 0]);
    await world.leave(roomId, bob);
    await say(on, roomId, alice);
    await world.join(roomId, bob);
    expect(await unread(on, bob, roomId)).toEqual([0, 0]);
    await say(on, roomId, alice);
    expect(await unread(on, bob, roomId)).toEqual([1, 0]);
  });

  test('what turned out to be silent or read is not looked at again and again', async () => {
    const on = await notifyingWorld(engine);
    const { world } = on;
    const [alice, bob, carl] = [world.user('alice'), world.user('bob'), world.user('carl')];
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob, carl);
    await mute(on, carl, roomId);
    let last = await say(on, roomId, alice);
    for (let n = 0; n < 210; n++) last = await say(on, roomId, alice);
    await read(on, bob, roomId, last.eventId, 'main');
    const mention = await say(on, roomId, alice, { 'm.mentions': { user_ids: [carl.userId] } });
    await say(on, roomId, alice);
    const marksOf = async (user: Requester) =>
      (
        await world.storage.reader.first<{ position: number }>({
          sql: "select position from read_marks where user_id = ? and thread = '*'",
          parameters: [user.userId],
        })
      )?.position;
    const { unread: counter } = on.restarted().notifications;
    expect(await unread(on, bob, roomId, counter)).toEqual([2, 0]);
    expect(await unread(on, carl, roomId, counter)).toEqual([1, 1]);
    expect(await marksOf(bob)).toBe(mention.position! - 1);
    expect(await marksOf(carl)).toBe(mention.position! - 1);
    expect(await unread(on, bob, roomId)).toEqual([2, 0]);
    expect(await unread(on, carl, roomId, on.restarted().notifications.unread)).toEqual([1, 1]);
  });

  test('the list goes through all rooms, newest first, in pages, and says what is read', async () => {
    const on = await notifyingWorld(engine);
    const { world } = on;
    const [alice, bob, carl] = [world.user('alice'), world.user('bob'), world.user('carl')];
    const [one, two] = [
      await world.room(alice, { joinRule: 'public' }),
      await world.room(alice, { joinRule: 'public' }),
    ];
    await say(on, one, alice, { body: 'before he came' });
    for (const roomId of [one, two]) await world.join(roomId, bob, carl);
    const first = await say(on, one, alice, { body: '1' });
    await say(on, two, alice, { body: '2', 'm.mentions': { user_ids: [bob.userId] } });
    await say(on, one, bob, { body: 'his own' });
    await say(on, one, alice, { body: '3' });
    await say(on, two, alice, { body: '4', 'm.mentions': { room: true } });
    const all = await list(on, bob);
    expect(bodies(all)).toEqual(['4', '3', '2', '1']);
    expect(all.next_token).toBeUndefined();
    expect(all.notifications.map((one) => one.read)).toEqual([false, false, false, true]);
    expect(all.notifications[3]).toMatchObject({ room_id: one, actions: ['notify'], ts: first.originServerTs });
    expect(all.notifications[3]!.event.room_id).toBeUndefined();
    expect(all.notifications[0]!.actions).toContainEqual({ set_tweak: 'highlight' });
    const paged: unknown[] = [];
    let from: string | undefined;
    do {
      const page = await list(on, bob, { limit: 1, ...(from === undefined ? {} : { from }) });
      paged.push(...bodies(page));
      from = page.next_token;
    } while (from !== undefined);
    expect(paged).toEqual(['4', '3', '2', '1']);
    expect(bodies(await list(on, bob, { only: 'highlight' }))).toEqual(['4', '2']);
    expect(bodies(await list(on, carl, { only: 'highlight' }))).toEqual(['4']);
    await mute(on, carl, one);
    await say(on, one, alice, { body: '5' });
    expect(bodies(await list(on, carl))).toEqual(['4', '3', 'his own', '2', '1']);
    expect(await refusal(list(on, bob, { from: 'nonsense' }))).toBe('400 M_INVALID_PARAM');
  });

  test('an invite notifies the invited user, and nobody sees what notified others', async () => {
    const on = await notifyingWorld(engine);
    const { world } = on;
    const [alice, bob] = [world.user('alice'), world.user('bob')];
    const roomId = await world.room(alice);
    await world.invite(roomId, alice, bob);
    await say(on, roomId, alice, { body: 'secret' });
    const { notifications } = await list(on, bob);
    expect(notifications.map(({ event }) => (event.content as JsonObject).membership)).toEqual(['invite']);
    expect((await list(on, alice)).notifications).toEqual([]);
    await world.join(roomId, bob);
    expect(await unread(on, bob, roomId)).toEqual([0, 0]);
    await say(on, roomId, alice, { body: 'welcome' });
    await world.leave(roomId, bob);
    expect((await list(on, bob)).notifications).toHaveLength(1);
    expect(await refusal(world.call(on.routes, getNotifications, {}))).toBe('401 M_MISSING_TOKEN');
  });

  test('a deactivated account leaves nothing behind', async () => {
    const on = await notifyingWorld(engine);
    const { world } = on;
    const [alice, bob, carl] = [world.user('alice'), world.user('bob'), world.user('carl')];
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob, carl, world.user('dora'));
    await say(on, roomId, alice, { 'm.mentions': { user_ids: [bob.userId] } });
    await say(on, roomId, alice);
    const before = await countRows(on);
    await world.streams.commit((batch) => on.notifications.accountDeactivated(batch, bob.userId));
    const after = await countRows(on);
    expect(before.notified_users).toBe(1);
    expect(after.notified_users).toBe(0);
    expect(after.read_marks).toBeLessThan(before.read_marks!);
  });
});

const PUSHER = {
  app_id: 'org.example.app',
  pushkey: 'key',
  kind: 'http',
  app_display_name: 'App',
  device_display_name: 'Phone',
  profile_tag: 'tag',
  lang: 'en',
  data: { url: 'https://push.example.org/_matrix/push/v1/notify', format: 'event_id_only', custom: 1 },
};

forEachEngine('pushers', (engine) => {
  const open = async () => {
    const on = await notifyingWorld(engine);
    const set = (as: Requester | undefined, body: JsonObject) =>
      on.world.call(on.routes, postPusher, { as, body: body as never });
    const get = async (as: Requester) => (await on.world.call(on.routes, getPushers, { as })).pushers;
    return { on, set, get, alice: on.world.user('alice'), bob: on.world.user('bob') };
  };

  test('are set, read back, changed and removed, each user their own', async () => {
    const { on, set, get, alice, bob } = await open();
    expect(await get(alice)).toEqual([]);
    await set(alice, PUSHER);
    expect(await get(alice)).toEqual([
      { ...PUSHER, 'org.matrix.msc3881.enabled': true, 'org.matrix.msc3881.device_id': 'ALICE1' },
    ]);
    await set(alice, { ...PUSHER, lang: 'de' });
    expect((await get(alice)).map(({ lang }) => lang)).toEqual(['de']);
    await set(bob, { ...PUSHER, append: true });
    expect([await get(alice), await get(bob)].map((list) => list.length)).toEqual([1, 1]);
    // Without `append` the device is bob's alone.
    await set(bob, PUSHER);
    expect([await get(alice), await get(bob)].map((list) => list.length)).toEqual([0, 1]);
    const removal = { app_id: PUSHER.app_id, pushkey: PUSHER.pushkey, kind: null };
    await set(alice, removal);
    expect(await get(bob)).toHaveLength(1);
    await set(bob, removal);
    expect(await get(bob)).toEqual([]);
    expect(await refusal(set(undefined, PUSHER))).toBe('401 M_MISSING_TOKEN');
    expect(await refusal(on.world.call(on.routes, getPushers, {}))).toBe('401 M_MISSING_TOKEN');
  });

  test('are checked', async () => {
    const { set, alice } = await open();
    const { lang: _, ...withoutLang } = PUSHER;
    const tries: [JsonObject, string][] = [
      [withoutLang, '400 M_MISSING_PARAM'],
      [{ ...PUSHER, data: {} }, '400 M_MISSING_PARAM'],
      [{ ...PUSHER, data: { url: 'https://push.example.org/elsewhere' } }, '400 M_INVALID_PARAM'],
      [{ ...PUSHER, data: { url: 'ftp://push.example.org/_matrix/push/v1/notify' } }, '400 M_INVALID_PARAM'],
      [{ ...PUSHER, data: { url: 'no url' } }, '400 M_INVALID_PARAM'],
      [{ ...PUSHER, kind: 'pigeon' }, '400 M_INVALID_PARAM'],
      [{ ...PUSHER, app_id: 'x'.repeat(65) }, '400 M_INVALID_PARAM'],
      [{ ...PUSHER, pushkey: 'x'.repeat(513) }, '400 M_INVALID_PARAM'],
    ];
    for (const [body, expected] of tries) expect(await refusal(set(alice, body))).toBe(expected);
    await set(alice, { ...PUSHER, data: { url: 'http://localhost:5000/_matrix/push/v1/notify' } });
  });

  test('go with the session and the device that set them up, and with the account', async () => {
    const { on, set, get, alice } = await open();
    const other = { ...alice, tokenId: 2, deviceId: 'OTHER' as DeviceId };
    const { pushers } = on.notifications;
    const setBoth = async () => {
      await set(alice, PUSHER);
      await set(other, { ...PUSHER, pushkey: 'other' });
    };
    const keys = async () => (await get(alice)).map(({ pushkey }) => pushkey);
    await setBoth();
    await on.world.streams.commit((batch) => pushers.sessionsEnded(batch, alice.userId, [2]));
    expect(await keys()).toEqual(['key']);
    await setBoth();
    await on.world.streams.commit((batch) => pushers.devicesDeleted(batch, alice.userId, [alice.deviceId!]));
    expect(await keys()).toEqual(['other']);
    await on.world.streams.commit((batch) => on.notifications.accountDeactivated(batch, alice.userId));
    expect(await keys()).toEqual([]);
  });
});
