import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { setPushRule, setPushRuleEnabled } from '#api/client/pushrules.ts';
import { postReceipt } from '#api/client/receipts.ts';
import type { Requester } from '#api/requester.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { EventId, RoomId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { type Notifying, notifyingWorld } from '#test/notifying.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { Reference } from './test-reference.ts';
import type { UnreadCounter } from './unread-counts.ts';
import type { RoomUnread } from './unread-tallies.ts';

const NAMES = ['alice', 'bob', 'carl', 'dora', 'ghost'] as const;

/** Who does what; numbers are taken modulo what there is. */
interface Step {
  readonly who: number;
  readonly what: number;
  readonly which: number;
  readonly how: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(4),
  what: fc.nat(19),
  which: fc.nat(1000),
  how: fc.nat(1000),
});

class Story {
  readonly #events: EventId[] = [];
  readonly #users: readonly Requester[];

  private constructor(
    readonly on: Notifying,
    readonly reference: Reference,
    readonly roomId: RoomId,
    readonly roomNid: number,
  ) {
    this.#users = NAMES.map((name) => on.world.user(name));
  }

  static async begin(engine: TestEngine): Promise<Story> {
    const on = await notifyingWorld(engine);
    const reference = new Reference(on);
    on.world.hooks.push(reference);
    const [alice, bob] = [on.world.user('alice'), on.world.user('bob')];
    on.appserviceUsers.add(on.world.user('ghost').userId);
    const roomId = await on.world.room(alice, { joinRule: 'public', powerLevels: { users_default: 50, redact: 0 } });
    await on.world.join(roomId, bob);
    const { nid } = (await on.world.rooms.directory.find(roomId))!;
    return new Story(on, reference, roomId, nid);
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const [index, step] of steps.entries()) {
      try {
        await this.#do(step);
      } catch (error) {
        // Somebody who is not in the room, or a receipt for a thread that the event is not in: nothing has happened.
        if (!(error instanceof MatrixError)) throw error;
      }
      if (index % 7 === 0) await this.#compare(this.on.notifications.unread);
    }
    await this.#compare(this.on.notifications.unread);
    await this.#compare(this.on.restarted().notifications.unread);
  }

  async #compare(counter: UnreadCounter): Promise<void> {
    for (const { userId } of this.#users) {
      const member = await this.on.world.rooms.members.find(this.roomNid, userId);
      if (member?.membership !== 'join') continue;
      const counted = (await counter.countsFor(userId, [this.roomNid])).get(this.roomNid)!;
      expect({ userId, ...plain(counted) }).toEqual({
        userId,
        ...plain(await this.reference.counts(userId, this.roomNid)),
      });
    }
  }

  async #do({ who, what, which, how }: Step): Promise<void> {
    const user = this.#users[who]!;
    const other = this.#users[how % this.#users.length]!;
    const event = this.#events[which % Math.max(1, this.#events.length)];
    switch (what) {
      case 0:
      case 1:
      case 2:
        return this.#say(user, {});
      case 3:
        return this.#say(user, { 'm.mentions': { user_ids: [other.userId] } });
      case 4:
        return this.#say(user, { body: `hello ${NAMES[how % NAMES.length]}, there is cake` });
      case 5:
        return this.#say(user, how % 2 === 0 ? { 'm.mentions': { room: true } } : { msgtype: 'm.notice' });
      case 6:
      case 7:
        return this.#relate(user, 'm.thread', event);
      case 8:
        return this.#relate(user, ['m.annotation', 'm.reference', 'm.replace'][how % 3]!, event);
      case 9:
        return this.#state(user, 'm.room.topic', { topic: `${how}` });
      case 10:
        if (event === undefined) return;
        await this.on.world.redact(this.roomId, user, event);
        return;
      case 11:
      case 12:
      case 13:
        return this.#read(user, event, how);
      case 14:
        return this.#rule(user, how);
      case 15:
      case 16:
        await this.on.world.join(this.roomId, user);
        return;
      case 17:
        if (who > 0) await this.on.world.membership(this.roomId, this.#users[how % 2 === 0 ? who : 0]!, user, 'leave');
        return;
      case 18:
        await this.on.world.membership(this.roomId, user, user, 'join', {
          displayname: ['cake', 'Bob', 'x'][how % 3]!,
        });
        return;
      default:
        this.#ignore(user, other, how);
    }
  }

  async #say(user: Requester, content: JsonObject, type = 'm.room.message'): Promise<void> {
    const draft = { type, sender: user.userId, content: { msgtype: 'm.text', body: 'hello', ...content } };
    const { event } = await this.on.world.rooms.engine.send(this.roomId, draft);
    this.#events.push(event.eventId);
  }

  async #relate(user: Requester, relType: string, event: EventId | undefined): Promise<void> {
    if (event === undefined) return;
    const relation = { rel_type: relType, event_id: event, key: 'x' };
    await this.#say(user, { 'm.relates_to': relation }, relType === 'm.annotation' ? 'm.reaction' : 'm.room.message');
  }

  async #state(user: Requester, type: string, content: JsonObject): Promise<void> {
    this.#events.push(await this.on.world.state(this.roomId, user, type, content));
  }

  async #read(user: Requester, eventId: EventId | undefined, how: number): Promise<void> {
    const event = eventId === undefined ? undefined : await this.on.world.rooms.events.byId(eventId);
    if (event === undefined) return;
    const root = await this.reference.threadOf(event.content, 3);
    const threadId = [undefined, 'main', root === '' ? event.eventId : root, root === '' ? 'main' : root][how % 4];
    await this.on.world.call(this.on.routes, postReceipt, {
      as: user,
      params: { roomId: this.roomId, receiptType: how % 3 === 0 ? 'm.read.private' : 'm.read', eventId: event.eventId },
      body: threadId === undefined ? {} : { thread_id: threadId },
    });
    this.reference.read(user.userId, event, threadId);
  }

  async #rule(user: Requester, how: number): Promise<void> {
    const { world, routes } = this.on;
    const room = { kind: 'room' as const, ruleId: this.roomId };
    const put = (params: { kind: 'room' | 'content' | 'override'; ruleId: string }, body: JsonObject) =>
      world.call(routes, setPushRule, { as: user, params, body: body as never });
    if (how % 4 === 0)
      await put(room, { actions: how % 8 === 0 ? ['dont_notify'] : ['notify', { set_tweak: 'highlight' }] });
    else if (how % 4 === 1) {
      const actions = ['notify', { set_tweak: 'highlight', value: how % 8 === 1 }];
      await put({ kind: 'content', ruleId: 'cake' }, { pattern: 'cake', actions });
    } else if (how % 4 === 2) {
      const conditions = [{ kind: 'event_match', key: 'type', pattern: 'm.room.topic' }];
      await put({ kind: 'override', ruleId: 'topic' }, { actions: ['notify'], conditions });
    } else {
      const params = how % 8 === 3 ? room : { kind: 'override' as const, ruleId: '.m.rule.master' };
      await world.call(routes, setPushRuleEnabled, { as: user, params, body: { enabled: how % 16 < 8 } });
    }
  }

  #ignore(user: Requester, other: Requester, how: number): void {
    const ignored = this.on.ignored.get(user.userId) ?? new Set();
    if (how % 2 === 0) ignored.add(other.userId);
    else ignored.delete(other.userId);
    if (user !== other) this.on.ignored.set(user.userId, ignored);
  }
}

const plain = ({ total, main, threads }: RoomUnread) => ({ total, main, threads: Object.fromEntries(threads) });

forEachEngine('unread counts', (engine) => {
  test('are those of going through every notification of every user', async () => {
    const isFast = engine.dialect === 'sqlite';
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 90 }), async (steps) => {
        await (await Story.begin(engine)).run(steps);
      }),
      { numRuns: isFast ? 25 : 2, endOnFailure: true },
    );
  }, 60_000);
});
