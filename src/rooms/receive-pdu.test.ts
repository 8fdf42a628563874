import { expect, test } from 'bun:test';
import { VirtualClock } from '#platform/clock/index.ts';
import { eventIdOf, type Pdu } from '#protocol/events/index.ts';
import type { EventId, RoomId, UserId } from '#protocol/identifiers/index.ts';
import { ROOM_VERSIONS, type RoomVersion } from '#protocol/room-versions/index.ts';
import {
  currentStateOf,
  extremitiesOf,
  forge,
  type Homeserver,
  type HomeserverOptions,
  openHomeserver,
  publicRoom,
  ROOM_MIGRATIONS,
  reforge,
  signerOf,
  timelineOf,
} from '#test/simulation/test-homeserver.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import type { CurrentStateChange, Draft, EventPlace, IncomingPdu, StateChange, StoredEvent } from './index.ts';

const alice = '@alice:here' as UserId;
const eve = '@eve:here' as UserId;
const bob = '@bob:there' as UserId;
const carol = '@carol:there' as UserId;
const VERSIONS: RoomVersion[] = ['1', '2', '6', '11', '12'];

const message = (sender: UserId, body: string): Draft => ({ type: 'm.room.message', sender, content: { body } });
const topic = (sender: UserId, text: string): Draft => ({
  type: 'm.room.topic',
  stateKey: '',
  sender,
  content: { topic: text },
});
const member = (sender: UserId, of: UserId, membership: string, more = {}): Draft => ({
  type: 'm.room.member',
  stateKey: of,
  sender,
  content: { ...more, membership },
});

/** Server `here` with a room of alice's, where eve, bob and carol are joined; `there` is played by the test. */
async function open(engine: TestEngine, version: RoomVersion, options: Partial<HomeserverOptions> = {}) {
  const clock = new VirtualClock();
  const here = openHomeserver('here', await engine.open(ROOM_MIGRATIONS), { clock, ...options });
  const there = signerOf('there', clock);
  const { rules } = { rules: ROOM_VERSIONS[version] };
  const levels = { users: { [carol]: 60 }, events: { 'm.room.topic': 0 } };
  const { roomId } = await here.rooms.engine.create(rules, publicRoom(version, alice, levels));
  await here.rooms.engine.send(roomId, member(eve, eve, 'join'));
  const receive = async (...pdus: (Pdu | IncomingPdu)[]) =>
    here.rooms.engine.receive(
      roomId,
      pdus.map((pdu) => ('json' in pdu ? (pdu as IncomingPdu) : { json: pdu })),
      { origin: there.serverName },
    );
  const kinds = async (...pdus: Pdu[]) => (await receive(...pdus)).map(({ kind }) => kind);
  const last = async (): Promise<StoredEvent> => (await timelineOf(here, roomId)).at(-1)!;
  const by = (previous: readonly StoredEvent[], draft: Draft) => forge(here, there, previous, draft);
  /** Forges an event and takes it in. */
  const add = async (previous: readonly StoredEvent[], draft: Draft): Promise<StoredEvent> => {
    clock.advance(10);
    const [verdict] = await receive(await by(previous, draft));
    if (verdict?.kind !== 'accepted') throw new Error(JSON.stringify(verdict));
    return verdict.event;
  };
  const send = async (draft: Draft): Promise<StoredEvent> => {
    clock.advance(10);
    return (await here.rooms.engine.send(roomId, draft)).event;
  };
  await add([await last()], member(bob, bob, 'join'));
  const start = await add([await last()], member(carol, carol, 'join'));
  const resign = (pdu: Pdu, change: Partial<Pdu>) => reforge(pdu, there, version, change);
  const idOf = (pdu: Pdu) => eventIdOf(pdu, rules);
  return { clock, here, there, rules, roomId, receive, kinds, last, by, add, send, start, resign, idOf };
}

async function body(here: Homeserver, roomId: RoomId): Promise<unknown[]> {
  const events = (await timelineOf(here, roomId)).filter(({ type }) => type === 'm.room.message');
  return events.map(({ content }) => content.body);
}

async function topicOf(here: Homeserver, roomId: RoomId): Promise<unknown> {
  return (await (await here.rooms.current.of(roomId))!.get('m.room.topic'))?.content.topic;
}

forEachEngine('receiving events', (engine) => {
  for (const version of VERSIONS) {
    test(`version ${version}: events come in any order, twice, and with gaps that are filled later`, async () => {
      const { here, roomId, start, by, kinds, receive, idOf, resign } = await open(engine, version);
      const first = await by([start], message(bob, '1'));
      expect(await kinds(first, first)).toEqual(['accepted', 'accepted']);
      const stored = (await here.rooms.events.byId(idOf(first)))!;
      expect(stored.pdu).toEqual(first);
      const second = await by([stored], message(bob, '2'));
      // Events that follow what is not here yet are made by following the second.
      const third = resign(await by([stored], message(bob, '3')), { prev_events: [idOf(second)] as never });
      const pairs = ROOM_VERSIONS[version].eventReferences === 'pairs';
      const after = pairs ? resign(third, { prev_events: [[idOf(second), { sha256: '' }]] }) : third;
      expect(await receive(after)).toEqual([
        { kind: 'missing', eventId: idOf(after), of: 'prev_events', missing: [idOf(second)] },
      ]);
      expect(await kinds(after, first, second)).toEqual(['accepted', 'known', 'accepted']);
      expect(await body(here, roomId)).toEqual(['1', '2', '3']);
      expect(await extremitiesOf(here, roomId)).toEqual([idOf(after)]);
    });

    test(`version ${version}: forks come together in one state, whichever came first`, async () => {
      const { here, roomId, start, by, kinds, send, add } = await open(engine, version);
      const ours = await send(topic(alice, 'ours'));
      const theirs = await by([start], topic(carol, 'theirs'));
      expect(await kinds(theirs)).toEqual(['accepted']);
      expect((await extremitiesOf(here, roomId)).length).toBe(2);
      const resolved = await topicOf(here, roomId);
      expect(['ours', 'theirs']).toContain(resolved as string);
      // The next event of ours follows both, at the state that was resolved.
      const merge = await send(message(alice, 'merge'));
      expect(merge.prevEventIds.length).toBe(2);
      expect(await extremitiesOf(here, roomId)).toEqual([merge.eventId]);
      expect(await topicOf(here, roomId)).toBe(resolved);
      const later = await add([merge], topic(carol, 'later'));
      expect(later.unsigned?.replaces_state).toBe(
        (resolved === 'ours'
          ? ours
          : (await here.rooms.events.byIds([...merge.prevEventIds])).get(
              merge.prevEventIds.find((id) => id !== ours.eventId)!,
            )!
        ).eventId,
      );
      expect(await topicOf(here, roomId)).toBe('later');
    });

    test(`version ${version}: a message on an old event by somebody banned since fails softly`, async () => {
      const { here, roomId, start, by, receive, send, add, idOf } = await open(engine, version);
      const ban = await send(member(alice, bob, 'ban'));
      const late = await by([start], message(bob, 'late'));
      const [verdict] = await receive(late);
      expect(verdict).toMatchObject({ kind: 'soft-failed', event: { status: 2 } });
      expect(await body(here, roomId)).toEqual([]);
      expect(await extremitiesOf(here, roomId)).toEqual([ban.eventId]);
      // Others may have let it in: what follows it is right, and follows what it followed too.
      const soft = (await here.rooms.events.byId(idOf(late)))!;
      const [next] = await receive(await by([soft], message(carol, 'after it')));
      expect(next?.kind).toBe('accepted');
      expect((await extremitiesOf(here, roomId)).length).toBe(2);
      await add([(await here.rooms.events.byId(ban.eventId))!], message(carol, 'after the ban'));
      expect((await extremitiesOf(here, roomId)).length).toBe(2);
      const room = (await here.rooms.directory.find(roomId))!;
      expect((await here.rooms.members.find(room.nid, bob))?.membership).toBe('ban');
    });

    test(`version ${version}: what the auth rules forbid is rejected, and so is what cites it`, async () => {
      const { here, roomId, start, by, receive, kinds, resign, idOf, add } = await open(engine, version);
      const join = await by([start], member(bob, bob, 'join', { displayname: 'Bob' }));
      const levels = resign(join, {
        type: 'm.room.power_levels',
        state_key: '',
        content: { users: { [bob]: 100 } },
        auth_events: start.pdu.auth_events.filter((_, index) => index < 3) as never,
      });
      const [verdict] = await receive(levels);
      expect(verdict).toMatchObject({ kind: 'rejected', event: { status: 3 } });
      expect(await extremitiesOf(here, roomId)).toEqual([start.eventId]);
      const before = await currentStateOf(here, roomId);
      // Built on the rejected event, whose state does not count.
      const rejected = (await here.rooms.events.byId(idOf(levels)))!;
      expect(rejected.stateAfter).toBe(rejected.stateBefore as never);
      const next = await add([rejected], message(bob, 'on it'));
      expect(await currentStateOf(here, roomId)).toEqual(before);
      expect(await extremitiesOf(here, roomId)).toEqual([next.eventId]);
      const good = await by([next], message(bob, 'citing'));
      const reference = (
        ROOM_VERSIONS[version].eventReferences === 'pairs' ? [idOf(levels), { sha256: '' }] : idOf(levels)
      ) as never;
      const citing = resign(good, { auth_events: [...good.auth_events, reference] as never });
      expect(await kinds(citing)).toEqual(['rejected']);
      expect(await kinds(citing)).toEqual(['known']);
      expect(await body(here, roomId)).toEqual(['on it']);
    });

    test(`version ${version}: a ban on another fork puts our user out, in the database and in memory`, async () => {
      const changes: CurrentStateChange[] = [];
      const hook = { stateChanged: (more: readonly CurrentStateChange[]) => void changes.push(...more) };
      const { here, roomId, start, by, kinds, send } = await open(engine, version, { hooks: [hook] });
      expect([...(await here.rooms.joined.of(eve)).keys()]).toEqual([roomId]);
      await send(message(eve, 'still here'));
      await send(topic(eve, "eve's"));
      changes.length = 0;
      expect(await kinds(await by([start], member(carol, eve, 'ban')))).toEqual(['accepted']);
      const { nid } = (await here.rooms.directory.find(roomId))!;
      expect((await here.rooms.members.find(nid, eve))?.membership).toBe('ban');
      expect([...(await here.rooms.joined.of(eve)).keys()]).toEqual([]);
      expect(changes.some(({ type, stateKey }) => type === 'm.room.member' && stateKey === eve)).toBe(true);
      // Version 1 keeps state that only one fork has; from version 2 on the ban counts first.
      const keeps = version === '1';
      expect(await topicOf(here, roomId)).toBe(keeps ? "eve's" : undefined);
      const deltas = changes.map(({ position }) => position);
      expect(new Set(deltas).size).toBe(changes.length);
      await here.rooms.engine.within(roomId, async ({ room }) => {
        expect([...(await room.localJoined())]).toEqual([alice]);
        expect(await room.joinedCount()).toBe(3);
      });
    });
  }

  test('what is no event, or not by whom it says, is dropped', async () => {
    const { start, by, receive, there, clock } = await open(engine, '6');
    const good = await by([start], message(bob, 'x'));
    const forged = reforge(good, signerOf('elsewhere', clock), '6', {});
    const verdicts = await receive(
      { json: { type: 'm.room.message' } },
      { json: { ...good, room_id: '!other:here' } },
      { json: forged },
      { json: { ...good, content: { n: 1 } }, text: '{"content":{"n":1.0}}' },
      { json: reforge(good, there, '6', { room_id: '!other:here' as RoomId }) },
    );
    expect(verdicts.map(({ kind }) => kind)).toEqual(['dropped', 'dropped', 'dropped', 'dropped', 'dropped']);
  });

  test('an event whose content was changed on the way goes on in its redacted form', async () => {
    const { here, start, by, receive, idOf, resign } = await open(engine, '11');
    const pdu = await by([start], message(bob, 'true'));
    const [verdict] = await receive({ ...pdu, content: { body: 'false' } } as Pdu);
    expect(verdict?.kind).toBe('accepted');
    expect((await here.rooms.events.byId(idOf(pdu)))!.content).toEqual({});
    const odd = resign(pdu, { event_id: '$not:its' as EventId, extra: ['kept'] });
    expect((await receive(odd))[0]?.kind).toBe('accepted');
    expect((await here.rooms.events.byId(idOf(odd)))!.pdu).toEqual(odd);
  });

  test('an auth event that is not here is fetched, kept as an outlier, and takes its place when it comes', async () => {
    const given = new Map<string, Pdu>();
    const authEvents = {
      fetch: async (_: RoomId, ids: readonly EventId[]) =>
        ids.flatMap((id) => (given.has(id) ? [{ json: given.get(id) }] : [])),
    };
    const { here, roomId, start, by, receive, kinds, resign, idOf } = await open(engine, '11', { authEvents });
    const renamed = await by([start], member(bob, bob, 'join', { displayname: 'Bob' }));
    const base = await by([start], message(bob, 'hello'));
    const auth = (await here.rooms.events.byIds(base.auth_events as EventId[])).values();
    const others = [...auth].filter(({ type }) => type !== 'm.room.member').map(({ eventId }) => eventId);
    const citing = resign(base, { auth_events: [...others, idOf(renamed)] });
    expect(await receive(citing)).toMatchObject([{ kind: 'missing', of: 'auth_events', missing: [idOf(renamed)] }]);
    given.set(idOf(renamed), renamed);
    expect(await kinds(citing)).toEqual(['accepted']);
    const outlier = (await here.rooms.events.byId(idOf(renamed)))!;
    expect([outlier.status, outlier.position, outlier.stateBefore]).toEqual([1, undefined, undefined]);
    const nameOf = async () => (await (await here.rooms.current.of(roomId))!.get('m.room.member', bob))!.content;
    expect(await nameOf()).toEqual({ membership: 'join' });
    expect(await kinds(renamed)).toEqual(['accepted']);
    const placed = (await here.rooms.events.byId(idOf(renamed)))!;
    expect([placed.nid, placed.status]).toEqual([outlier.nid, 0]);
    expect(placed.position).toBeNumber();
    expect(await nameOf()).toEqual({ membership: 'join', displayname: 'Bob' });
    expect((await extremitiesOf(here, roomId)).length).toBe(2);
  });

  test('an event that needs a rejected outlier is rejected', async () => {
    const given = new Map<string, Pdu>();
    const authEvents = {
      fetch: async (_: RoomId, ids: readonly EventId[]) => ids.map((id) => ({ json: given.get(id) })),
    };
    const { start, by, receive, resign, idOf, here } = await open(engine, '11', { authEvents });
    const base = await by([start], message(bob, 'hello'));
    const levels = resign(base, {
      type: 'm.room.power_levels',
      state_key: '',
      content: { users: { [bob]: 100 } },
    });
    given.set(idOf(levels), levels);
    const auth = [...(await here.rooms.events.byIds(base.auth_events as EventId[])).values()];
    const others = auth.filter(({ type }) => type !== 'm.room.power_levels').map(({ eventId }) => eventId);
    const [verdict] = await receive(resign(base, { auth_events: [...others, idOf(levels)] }));
    expect(verdict).toMatchObject({ kind: 'rejected' });
    expect((await here.rooms.events.byId(idOf(levels)))!.status).toBe(3);
  });

  test('a redaction that comes before its target takes effect when that comes, if its sender may', async () => {
    const { here, start, by, kinds, idOf, add } = await open(engine, '11');
    const [own, foreign] = [await by([start], message(bob, 'a')), await by([start], message(bob, 'b'))];
    const redact = (sender: UserId, pdu: Pdu): Draft => ({
      type: 'm.room.redaction',
      sender,
      content: { redacts: idOf(pdu) },
    });
    const redaction = await add([start], redact(carol, own));
    expect(await kinds(own)).toEqual(['accepted']);
    expect((await here.rooms.events.byId(idOf(own)))!.redactedBy).toBe(redaction.eventId);
    expect((await here.rooms.events.byId(idOf(own)))!.content).toEqual({});
    const { roomId } = redaction;
    await here.rooms.engine.send(roomId, redact(eve, foreign));
    expect(await kinds(foreign)).toEqual(['accepted']);
    expect((await here.rooms.events.byId(idOf(foreign)))!.content).toEqual({ body: 'b' });
    // In one call, the redaction given first.
    const third = await by([start], message(bob, 'c'));
    const ofThird = await by([redaction], redact(carol, third));
    expect(await kinds(ofThird, third)).toEqual(['accepted', 'accepted']);
    expect((await here.rooms.events.byId(idOf(third)))!.content).toEqual({});
  });

  test('hooks learn what is in force, and all that an event changes of the state', async () => {
    const seen: [string, EventPlace][] = [];
    const changed: [string, unknown, unknown][][] = [];
    const hook = {
      prepare: (event: Pick<StoredEvent, 'type'>, _: unknown, place: EventPlace) => void seen.push([event.type, place]),
      prepareState: (changes: readonly StateChange[]) =>
        void changed.push(
          changes.map(({ type, before, after }) => [type, before?.content.topic, after?.content.topic]),
        ),
    };
    const { start, by, kinds, send, clock, idOf } = await open(engine, '11', { hooks: [hook] });
    const early = await by([start], topic(carol, 'early'));
    await clock.advance(1000);
    await send(topic(eve, 'ours'));
    expect(changed.at(-1)).toEqual([['m.room.topic', undefined, 'ours']]);
    seen.length = 0;
    changed.length = 0;
    // The older of two topics loses to the newer one.
    expect(await kinds(early)).toEqual(['accepted']);
    expect(seen).toEqual([['m.room.topic', { isInForce: false, redacted: undefined }]]);
    expect(changed).toEqual([]);
    expect(await kinds(await by([start], member(carol, eve, 'ban')))).toEqual(['accepted']);
    expect(seen.at(-1)).toEqual(['m.room.member', { isInForce: true, redacted: undefined }]);
    expect(changed[0]?.sort()).toEqual([
      ['m.room.member', undefined, undefined],
      ['m.room.topic', 'ours', 'early'],
    ]);
    const redacts = idOf(early);
    await send({ type: 'm.room.redaction', sender: alice, redacts, content: { redacts } });
    expect(seen.at(-1)?.[1].redacted?.eventId).toBe(redacts);
    expect(changed.at(-1)).toEqual([['m.room.topic', 'early', undefined]]);
  });

  test('a policy server makes an event fail softly', async () => {
    const policyServers = {
      refusalOf: async (_: RoomId, pdu: Pdu) => (pdu.content.body === 'spam' ? 'it is spam' : undefined),
    };
    const { start, by, receive } = await open(engine, '11', { policyServers });
    const verdicts = await receive(await by([start], message(bob, 'spam')), await by([start], message(bob, 'fine')));
    expect(verdicts).toMatchObject([{ kind: 'soft-failed', reason: 'it is spam' }, { kind: 'accepted' }]);
  });

  test('events received while a batch of ours fails are taken in again', async () => {
    const { here, roomId, start, by, kinds } = await open(engine, '11');
    const pdu = await by([start], topic(carol, 'theirs'));
    const nothing = { sql: 'update rooms set version = version where room_nid = -1', parameters: [] };
    const failing = here.rooms.engine.send(roomId, topic(alice, 'ours'), {
      contribute: (batch) => void batch.add(nothing, 1),
    });
    const [sent, received] = await Promise.allSettled([failing, kinds(pdu)]);
    expect(sent.status).toBe('rejected');
    expect(received).toMatchObject({ value: ['accepted'] });
    expect(await topicOf(here, roomId)).toBe('theirs');
    expect((await extremitiesOf(here, roomId)).length).toBe(1);
  });

  test('a second create event does not make the room anew', async () => {
    const { here, roomId, start, receive, by, resign } = await open(engine, '11');
    const pdu = await by([start], message(bob, 'x'));
    const create = resign(pdu, {
      type: 'm.room.create',
      state_key: '',
      content: { room_version: '11' },
      prev_events: [],
      auth_events: [],
    });
    const before = await currentStateOf(here, roomId);
    expect(await receive(create)).toMatchObject([{ kind: 'rejected' }]);
    expect(await currentStateOf(here, roomId)).toEqual(before);
  });

  test('a room is made of what another server has of it, from its create event on', async () => {
    for (const version of VERSIONS) {
      const clock = new VirtualClock();
      const a = openHomeserver('a', await engine.open(ROOM_MIGRATIONS), { clock });
      const b = openHomeserver('b', await engine.open(ROOM_MIGRATIONS), { clock });
      const rules = ROOM_VERSIONS[version];
      const { roomId } = await a.rooms.engine.create(rules, publicRoom(version, '@x:a' as UserId));
      const pdus = (await timelineOf(a, roomId)).map(({ pdu }) => ({ json: JSON.parse(JSON.stringify(pdu)) }));
      const unknown = await b.rooms.engine.receive(roomId, pdus).catch((error) => error.errcode);
      expect(unknown).toBe('M_NOT_FOUND');
      const none = await b.rooms.engine.receive(roomId, pdus.slice(1), { newRoom: rules });
      expect(none.every(({ kind }) => kind !== 'accepted')).toBe(true);
      expect(await b.rooms.directory.find(roomId)).toBeUndefined();
      const verdicts = await b.rooms.engine.receive(roomId, pdus.toReversed(), { newRoom: rules });
      expect(verdicts.every(({ kind }) => kind === 'accepted')).toBe(true);
      expect(await currentStateOf(b, roomId)).toEqual(await currentStateOf(a, roomId));
      const { event } = await b.rooms.engine.send(roomId, member('@y:b' as UserId, '@y:b' as UserId, 'join'));
      const [back] = await a.rooms.engine.receive(roomId, [{ json: event.pdu }]);
      expect(back?.kind).toBe('accepted');
      expect(await extremitiesOf(a, roomId)).toEqual(await extremitiesOf(b, roomId));
    }
  });
});
