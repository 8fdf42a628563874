/**
 * A room forks, state resolution changes its state, and after each step everything that the server derives from that state is
 * what it would be if it were made anew.
 */
import { afterAll, expect, test } from 'bun:test';
import type { Pdu } from '#protocol/events/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { type ComposedServer, composedServer } from '#test/contracts/composed-server.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { eventually } from '#test/world.ts';
import {
  CHILD,
  child,
  joinRule,
  member,
  message,
  name,
  receiving,
  redaction,
  roomIn,
  type Stage,
  setStage,
  state,
  syncOf,
  unreadOf,
  withoutCarol,
} from './stage.ts';

/** Each says, beside what is checked after every step, what the state must have come to: else it has shown nothing. */
const SCENARIOS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  async 'of two names, the later one is ours'({ alice, start, send, receive, inForce, carol }) {
    await send(name(alice.userId, 'Ours'), 200);
    const theirs = await receive([start], name(carol, 'Theirs'), 100);
    expect([theirs.kind, await inForce('m.room.name')]).toEqual(['accepted', { name: 'Ours' }]);
    await send(message(alice.userId), 300);
    await send(state(alice.userId, 'm.room.topic', { topic: 'About it' }), 301);
  },

  async 'of two names, the later one is theirs'({ alice, start, send, receive, inForce, carol }) {
    await send(name(alice.userId, 'Ours'), 100);
    await receive([start], name(carol, 'Theirs'), 200);
    expect(await inForce('m.room.name')).toEqual({ name: 'Theirs' });
    await send(message(alice.userId), 300);
  },

  async 'a name that lost comes into force once the other is undone'({
    eve,
    start,
    send,
    receive,
    inForce,
    bob,
    carol,
  }) {
    await send(name(eve.userId, 'Ours'), 200);
    await receive([start], name(bob, 'Theirs'), 100);
    expect(await inForce('m.room.name')).toEqual({ name: 'Ours' });
    await receive([start], member(carol, eve.userId, 'ban'), 150);
    expect(await inForce('m.room.name')).toEqual({ name: 'Theirs' });
  },

  async 'a name is undone and there was none before'({ eve, start, send, receive, inForce, carol }) {
    await send(name(eve.userId, 'Ours'), 200);
    await receive([start], member(carol, eve.userId, 'ban'), 150);
    expect(await inForce('m.room.name')).toBeUndefined();
  },

  async 'a ban there, a new name of the banned here'({ alice, eve, start, send, receive, inForce, carol }) {
    await send(member(eve.userId, eve.userId, 'join', { displayname: 'Eva' }), 100);
    await receive([start], member(carol, eve.userId, 'ban'), 90);
    expect((await inForce('m.room.member', eve.userId))?.membership).toBe('ban');
    await send(message(alice.userId), 200);
  },

  async 'a ban is undone, and the banned are back'(stage) {
    const { alice, eve, start, send, receive, inForce, carol } = stage;
    await receive([start], member(carol, eve.userId, 'ban'), 100);
    expect((await inForce('m.room.member', eve.userId))?.membership).toBe('ban');
    await receive([start], await withoutCarol(stage), 110);
    expect((await inForce('m.room.member', eve.userId))?.membership).toBe('join');
    await send(message(alice.userId, 'welcome back, Evelyn'), 200);
    expect(await unreadOf(stage, eve)).toMatchObject({ highlight_count: 1 });
  },

  async 'a join here, invites alone there: the joined are of the room no longer'(stage) {
    const { alice, zoe, start, send, receive, inForce, carol } = stage;
    await send(member(zoe.userId, zoe.userId, 'join'), 100);
    await receive([start], joinRule(carol, 'invite'), 90);
    expect(await inForce('m.room.member', zoe.userId)).toBeUndefined();
    await send(joinRule(alice.userId, 'public'), 200);
    await send(member(zoe.userId, zoe.userId, 'join', { displayname: 'Zoe' }), 210);
  },

  async 'a ban here, a join there fails softly, and something is built on it'({
    alice,
    start,
    send,
    receive,
    inForce,
    server,
    carol,
    dave,
  }) {
    await send(member(alice.userId, dave, 'ban'), 100);
    const join = await receive([start], member(dave, dave, 'join', { displayname: 'Dave' }), 110);
    expect(join.kind).toBe('soft-failed');
    const next = await receive([join], message(carol), 120);
    expect([next.kind, (await inForce('m.room.member', dave))?.membership]).toEqual(['accepted', 'ban']);
    const sql = 'select user_id from directory_users where user_id = ?';
    expect(await server.storage.reader.all({ sql, parameters: [dave] })).toEqual([]);
  },

  async 'an event that failed softly comes into force by what is built on it'({
    alice,
    start,
    send,
    receive,
    inForce,
    bob,
    carol,
  }) {
    const spam = await receive([start], name(carol, 'Spam', { spam: true }), 100);
    expect([spam.kind, await inForce('m.room.name')]).toEqual(['soft-failed', undefined]);
    await receive([spam], message(bob), 110);
    expect((await inForce('m.room.name'))?.name).toBe('Spam');
    await send(name(alice.userId, 'Ours'), 120);
  },

  async 'a rejected event changes nothing, nor does what is built on it'({
    alice,
    start,
    send,
    receive,
    inForce,
    carol,
    dave,
  }) {
    const levels = { ...(await inForce('m.room.power_levels')), users: { [carol]: 100 } };
    const usurpation = { type: 'm.room.power_levels', state_key: '', content: levels };
    const rejected = await receive([start], message(carol), 100, usurpation);
    expect(rejected.kind).toBe('rejected');
    const stranger = { ...name(carol, 'A stranger'), sender: dave, state_key: '' };
    expect((await receive([start], message(carol), 100, stranger as Partial<Pdu>)).kind).toBe('rejected');
    const next = await receive([rejected], child(carol, { via: ['there'] }), 110);
    expect([next.kind, await inForce('m.space.child', CHILD)]).toEqual(['accepted', { via: ['there'] }]);
    await send(name(alice.userId, 'Ours'), 120);
  },

  async 'a new display name of somebody there loses to the older one'({ start, receive, inForce, bob }) {
    await receive([start], member(bob, bob, 'join', { displayname: 'Later' }), 200);
    await receive([start], member(bob, bob, 'join', { displayname: 'Earlier' }), 100);
    expect((await inForce('m.room.member', bob))?.displayname).toBe('Later');
    await receive([start], member(bob, bob, 'join', { displayname: 'Latest', avatar_url: 'mxc://there/bob' }), 300);
    expect((await inForce('m.room.member', bob))?.displayname).toBe('Latest');
  },

  async 'a child is added here and removed there, first before and then after'({
    alice,
    start,
    send,
    receive,
    inForce,
    carol,
  }) {
    await send(child(alice.userId, { via: ['here'] }), 200);
    const removed = await receive([start], child(carol, {}), 100);
    expect(await inForce('m.space.child', CHILD)).toEqual({ via: ['here'] });
    await receive([removed], child(carol, { via: ['there'] }), 150);
    expect(await inForce('m.space.child', CHILD)).toEqual({ via: ['here'] });
    await receive([removed], child(carol, { order: 'none' }), 300);
    expect(await inForce('m.space.child', CHILD)).toEqual({ order: 'none' });
  },

  async 'a child goes with whoever added it'({ eve, start, send, receive, inForce, carol }) {
    await send(child(eve.userId, { via: ['here'] }), 200);
    await receive([start], member(carol, eve.userId, 'ban'), 150);
    expect(await inForce('m.space.child', CHILD)).toBeUndefined();
  },

  async 'history is shown to everybody here and to the joined there'({ alice, start, send, receive, inForce, carol }) {
    const shown = (sender: UserId, to: string) =>
      state(sender, 'm.room.history_visibility', { history_visibility: to });
    await send(shown(alice.userId, 'world_readable'), 200);
    await receive([start], shown(carol, 'joined'), 100);
    expect((await inForce('m.room.history_visibility'))?.history_visibility).toBe('world_readable');
    await receive([start], shown(carol, 'invited'), 300);
    expect((await inForce('m.room.history_visibility'))?.history_visibility).toBe('invited');
  },

  async 'the name in force is redacted there'({ alice, send, receive, inForce, carol }) {
    const named = await send(name(alice.userId, 'Secret'), 100);
    await receive([named], redaction(carol, named.eventId), 110);
    expect(await inForce('m.room.name')).toEqual({});
    await send(state(alice.userId, 'm.room.topic', { topic: 'Open' }), 120);
  },

  async 'the name in force is redacted there by somebody who has lost the power to do so here'(stage) {
    const { alice, send, receive, inForce, carol } = stage;
    const named = await send(name(alice.userId, 'Secret'), 100);
    await send({ ...(await withoutCarol(stage)), sender: alice.userId }, 110);
    await receive([named], redaction(carol, named.eventId), 120);
    expect(await inForce('m.room.name')).toEqual({});
  },

  async 'name, child and profile are redacted here, and something else of the room changes'({
    alice,
    eve,
    send,
    inForce,
  }) {
    const named = await send(name(alice.userId, 'Secret'), 100);
    const added = await send(child(alice.userId, { via: ['here'] }), 100);
    const renamed = await send(member(eve.userId, eve.userId, 'join', { displayname: 'Secret' }), 100);
    for (const { eventId } of [named, added, renamed]) await send(redaction(alice.userId, eventId), 110);
    expect(await inForce('m.room.name')).toEqual({});
    await send(state(alice.userId, 'm.room.topic', { topic: 'Open' }), 120);
  },

  async 'a name that lost is redacted, and then comes into force'({ eve, start, send, receive, inForce, bob, carol }) {
    await send(name(eve.userId, 'Ours'), 200);
    const lost = await receive([start], name(bob, 'Theirs'), 100);
    await receive([lost], redaction(carol, lost.eventId), 110);
    await receive([start], member(carol, eve.userId, 'ban'), 150);
    expect(await inForce('m.room.name')).toEqual({});
  },

  async 'more forks than an event can follow: ours loses to one beside it'(stage) {
    const { alice, zoe, start, send, receive, inForce, carol } = stage;
    await receive([start], name(carol, 'Fork'), 500);
    for (let fork = 0; fork < 24; fork++) await receive([start], message(carol, `${fork}`), 100 + fork);
    await send(name(alice.userId, 'Ours'), 400);
    expect(await inForce('m.room.name')).toEqual({ name: 'Fork' });
    await send(member(zoe.userId, zoe.userId, 'join'), 410);
  },

  async 'whoever is put out by resolution is told so, types no longer and shares no room'(stage) {
    const { alice, zoe, carol, start, send, receive, inForce, server } = stage;
    await send(member(zoe.userId, zoe.userId, 'join'), 100);
    const typing = `/_matrix/client/v3/rooms/${stage.roomId}/typing/${zoe.userId}`;
    await server.send('PUT', typing, { token: zoe.token, body: { typing: true, timeout: 30_000 } });
    const [before, aliceBefore] = [await syncOf(stage, zoe), await syncOf(stage, alice)];
    expect(JSON.stringify(roomIn(stage, aliceBefore, 'join'))).toContain('m.typing');
    await receive([start], joinRule(carol, 'invite'), 90);
    expect(await inForce('m.room.member', zoe.userId)).toBeUndefined();
    await send(message(alice.userId, 'not for zoe'), 200);
    const after = await syncOf(stage, zoe, { since: String(before.next_batch) });
    expect(roomIn(stage, after, 'join')).toBeUndefined();
    expect(roomIn(stage, after, 'leave')).toBeDefined();
    expect(JSON.stringify(after)).not.toContain('not for zoe');
    expect((after.device_lists as JsonObject).left).toContain(alice.userId);
    const aliceAfter = await syncOf(stage, alice, { since: String(aliceBefore.next_batch) });
    expect((aliceAfter.device_lists as JsonObject).left).toEqual([zoe.userId]);
    expect(roomIn(stage, aliceAfter, 'join')?.ephemeral).toEqual({
      events: [{ type: 'm.typing', content: { user_ids: [] } }],
    });
    expect(roomIn(stage, aliceAfter, 'join')?.summary).toMatchObject({ 'm.joined_member_count': 4 });
    const quiet = await syncOf(stage, zoe, { since: String(after.next_batch) });
    expect(quiet.rooms).toBeUndefined();
  },

  async 'what resolution brings into force is told to clients beside the timeline'(stage) {
    const { alice, eve, bob, carol, start, send, receive, inForce } = stage;
    await send(name(eve.userId, 'Ours'), 200);
    await receive([start], name(bob, 'Theirs'), 100);
    const before = await syncOf(stage, alice);
    await receive([start], member(carol, eve.userId, 'ban'), 150);
    expect(await inForce('m.room.name')).toEqual({ name: 'Theirs' });
    for (const query of [{}, { use_state_after: 'true' }] as Record<string, string>[]) {
      const after = roomIn(stage, await syncOf(stage, alice, { ...query, since: String(before.next_batch) }), 'join')!;
      const { events } = (after.state_after ?? after.state) as { events: JsonObject[] };
      expect(events.find(({ type }) => type === 'm.room.name')?.content).toEqual({ name: 'Theirs' });
    }
  },

  async 'a kick that failed softly puts its target out once it is in force'(stage) {
    const { alice, eve, bob, carol, start, send, receive, inForce } = stage;
    const kick = await receive([start], member(carol, eve.userId, 'leave', { spam: true }), 100);
    await send(message(eve.userId, 'still here'), 110);
    const before = await syncOf(stage, eve);
    expect([kick.kind, roomIn(stage, before, 'join') !== undefined]).toEqual(['soft-failed', true]);
    await receive([kick], message(bob), 120);
    expect((await inForce('m.room.member', eve.userId))?.membership).toBe('leave');
    await send(message(alice.userId, 'not for eve'), 200);
    const after = await syncOf(stage, eve, { since: String(before.next_batch) });
    expect([roomIn(stage, after, 'join'), roomIn(stage, after, 'leave') !== undefined]).toEqual([undefined, true]);
    expect(JSON.stringify(after)).not.toContain('not for eve');
  },

  async 'guests stay until what has them out is in force'({
    alice,
    carol,
    start,
    send,
    receive,
    inForce,
    server,
    roomId,
  }) {
    const guest = await server.user(`guest-${roomId.slice(1, 8).toLowerCase()}`, { isGuest: true });
    const guests = (sender: UserId, access: string) => state(sender, 'm.room.guest_access', { guest_access: access });
    const membership = async () => (await inForce('m.room.member', guest.userId))?.membership;
    await send(guests(alice.userId, 'can_join'), 200);
    await send(member(guest.userId, guest.userId, 'join'), 210);
    await receive([start], guests(carol, 'forbidden'), 100);
    // Whoever was to be taken out would be by the time that the room has had a turn.
    await server.parts.rooms.engine.within(roomId, async () => undefined);
    await send(message(alice.userId), 220);
    expect(await membership()).toBe('join');
    // The guest may leave while the room is compared with its tables, which is done once more at the end.
    await receive([start], guests(carol, 'forbidden'), 300).catch(() => undefined);
    expect((await inForce('m.room.guest_access'))?.guest_access).toBe('forbidden');
    await eventually(async () => (await membership()) === 'leave');
  },

  async 'an invite that loses notifies nobody'({ alice, zoe, start, send, receive, inForce, server, carol }) {
    await send(member(alice.userId, zoe.userId, 'invite'), 200);
    await receive([start], member(carol, zoe.userId, 'invite', { reason: 'mine' }), 100);
    expect(await inForce('m.room.member', zoe.userId)).toEqual({ membership: 'invite' });
    const sql = 'select event_nid from notified_users where user_id = ?';
    expect((await server.storage.reader.all({ sql, parameters: [zoe.userId] })).length).toBe(1);
  },
};

forEachEngine('what is derived from a room that forks', (engine: TestEngine) => {
  let server: ComposedServer | undefined;
  afterAll(() => server?.[Symbol.asyncDispose]());

  for (const [title, run] of Object.entries(SCENARIOS)) {
    test(title, async () => {
      server ??= await composedServer(await engine.newDatabase(), {}, undefined, receiving);
      const stage = await setStage(server);
      await run(stage);
      await stage.check();
      expect(server.errors).toEqual([]);
    });
  }
});
