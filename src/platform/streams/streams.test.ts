import { expect, test } from 'bun:test';
import { systemClock, VirtualClock } from '#platform/clock/index.ts';
import { BatchConflict, type Migration, type Storage, statement } from '#platform/storage/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import { failureOf, forEachEngine } from '#test/storage.ts';
import { type Audience, createStreams, type Streams, type WakeTarget } from './index.ts';
import { RecentWakes } from './recent-wakes.ts';
import { Waiters } from './waiters.ts';

const ALICE = '@alice:example.org' as UserId;
const BOB = '@bob:example.org' as UserId;
const CAROL = '@carol:example.org' as UserId;
const ROOM = '!room:example.org' as RoomId;
const LONG = 60_000;
const never = new AbortController().signal;

const changes: Migration = {
  name: '0001-changes',
  up: ({ bigintPrimaryKey }) => [`CREATE TABLE changes (position ${bigintPrimaryKey}, name TEXT NOT NULL UNIQUE)`],
};
const insert = statement('INSERT INTO changes (position, name) VALUES (?, ?)');
const selectPositions = statement<{ position: number }>(
  'SELECT position FROM changes WHERE position <= ? ORDER BY position',
);

interface Setup {
  readonly storage: Storage;
  readonly streams: Streams;
  readonly members: Map<RoomId, Set<UserId>>;
}

function commitChange(streams: Streams, name: string, ...targets: readonly WakeTarget[]): Promise<number> {
  return streams.commit((batch) => {
    const position = batch.nextPosition();
    batch.add(insert(position, name));
    batch.wake(...targets);
    return position;
  });
}

/** Whether `promise` has been resolved, given a few turns of the event loop. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await systemClock.sleep(5);
  return done;
}

forEachEngine('streams', (engine) => {
  async function setUp(): Promise<Setup> {
    const storage = await engine.open([changes]);
    const members = new Map([[ROOM, new Set([ALICE, BOB])]]);
    const joinedUsers = (room: RoomId) => members.get(room) ?? new Set<UserId>();
    return { storage, members, streams: createStreams({ storage, clock: systemClock, joinedUsers }) };
  }

  test('positions rise in the order of commit, and current is the last once it is readable', async () => {
    const { streams, storage } = await setUp();
    const start = streams.current();
    const seen: number[] = [];
    const positions = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const position = await commitChange(streams, `change ${index}`);
        seen.push(position);
        expect(streams.current()).toBeGreaterThanOrEqual(position);
        return position;
      }),
    );
    expect(positions).toEqual(Array.from({ length: 50 }, (_, index) => start + index + 1));
    expect(seen).toEqual(positions);
    expect(streams.current()).toBe(positions.at(-1)!);
    expect((await storage.reader.all(selectPositions(streams.current()))).length).toBe(50);
  });

  test('whatever current says has been committed, at any moment under load', async () => {
    const { streams, storage } = await setUp();
    let running = true;
    const written: number[] = [];
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 40; round++) {
        const taken = commitChange(streams, round % 7 === 3 ? 'taken' : `${writer}/${round}`).catch(() => undefined);
        const position = await taken;
        if (position !== undefined) written.push(position);
      }
    });
    const checker = (async () => {
      while (running) {
        const current = streams.current();
        const first = await storage.reader.all(selectPositions(current));
        await systemClock.sleep(1);
        expect(await storage.reader.all(selectPositions(current))).toEqual(first);
      }
    })();
    await Promise.all(writers);
    running = false;
    await checker;
    const all = (await storage.reader.all(selectPositions(streams.current()))).map((row) => row.position);
    expect(all).toEqual(written.sort((a, b) => a - b));
  });

  test('current passes a commit that failed, and nobody is woken by it', async () => {
    const { streams } = await setUp();
    await commitChange(streams, 'one');
    const before = streams.current();
    const waiting = streams.waitForUser(ALICE, before, LONG, never);
    const failing = failureOf(commitChange(streams, 'one', { userId: ALICE }));
    const after = commitChange(streams, 'two');
    expect(await failing).toBeInstanceOf(BatchConflict);
    expect(await after).toBe(before + 2);
    expect(streams.current()).toBe(before + 2);
    expect(await isDone(waiting)).toBe(false);
  });

  test('a build that throws after taking a position holds nobody up, and current does not pass what is before it', async () => {
    const { streams } = await setUp();
    const before = streams.current();
    const first = commitChange(streams, 'first');
    const thrown = failureOf(
      streams.commit((batch) => {
        batch.nextPosition();
        throw new Error('changed my mind');
      }),
    );
    const empty = streams.commit((batch) => batch.nextPosition());
    expect(streams.current()).toBe(before);
    await thrown;
    expect(await empty).toBe(before + 3);
    expect(streams.current()).toBe(before + 3);
    expect(await first).toBe(before + 1);
  });

  test('a commit runs its hooks before it can be seen, and wakes before it resolves', async () => {
    const { streams } = await setUp();
    const order: string[] = [];
    const before = streams.current();
    const woken = streams.waitForUser(ALICE, before, LONG, never).then(() => order.push('woken'));
    await streams.commit((batch) => {
      const position = batch.nextPosition();
      batch.add(insert(position, 'one'));
      batch.wake({ userId: ALICE });
      batch.afterCommit(() => order.push(`hook at ${streams.current() - before}`));
    });
    order.push('resolved');
    await woken;
    expect(order).toEqual(['hook at 0', 'woken', 'resolved']);
  });

  test('a failed commit runs no hook', async () => {
    const { streams } = await setUp();
    await commitChange(streams, 'one');
    let ran = false;
    const failed = await failureOf(
      streams.commit((batch) => {
        batch.add(insert(batch.nextPosition(), 'one'));
        batch.afterCommit(() => {
          ran = true;
        });
        batch.afterAttempt(() => {
          ran = true;
        });
      }),
    );
    expect(failed).toBeInstanceOf(BatchConflict);
    expect(ran).toBe(false);
  });

  test('a commit of which nobody knows whether it happened runs the hooks for attempts alone, and wakes', async () => {
    const storage = await engine.open([changes]);
    const streams = createStreams({
      storage: {
        ...storage,
        transactor: {
          async commit(build) {
            await storage.transactor.commit(build);
            throw new Error('the connection was lost');
          },
        },
      },
      clock: systemClock,
      joinedUsers: () => new Set(),
    });
    const before = streams.current();
    const ran: string[] = [];
    const woken = streams.waitForUser(ALICE, before, LONG, never);
    const failed = await failureOf(
      streams.commit((batch) => {
        batch.add(insert(batch.nextPosition(), 'one'));
        batch.wake({ userId: ALICE });
        batch.afterCommit(() => ran.push('commit'));
        batch.afterAttempt(() => ran.push(`attempt at ${streams.current() - before}`));
      }),
    );
    await woken;
    expect([(failed as Error).message, ran]).toEqual(['the connection was lost', ['attempt at 0']]);
    expect(streams.current()).toBe(before + 1);
  });

  test('a room wakes those joined to it, and nobody else', async () => {
    const { streams } = await setUp();
    const after = streams.current();
    const [alice, bob, carol] = [ALICE, BOB, CAROL].map((user) => streams.waitForUser(user, after, LONG, never));
    await commitChange(streams, 'one', { roomId: ROOM });
    await Promise.all([alice, bob]);
    expect(await isDone(carol!)).toBe(false);
  });

  test('a crowd is woken in turns, with others in between, and nobody twice or never', async () => {
    const { streams, members } = await setUp();
    const crowd = Array.from({ length: 95 }, (_, index) => `@guest${index}:example.org` as UserId);
    members.set(ROOM, new Set(crowd));
    const after = streams.current();
    const woken: UserId[] = [];
    const waiting = crowd.map((user) =>
      streams.waitForUser(user, after, LONG, never).then(() => void woken.push(user)),
    );
    const alone = streams.waitForUser(ALICE, after, LONG, never).then(() => void woken.push(ALICE));
    streams.announce({ roomId: ROOM });
    await Promise.resolve();
    await Promise.resolve();
    expect(woken.length).toBeLessThan(40);
    expect(woken.length).toBeGreaterThan(0);
    // A second wake finds none of those who stand in the queue, and does not stand behind them.
    streams.announce({ roomId: ROOM }, { userId: ALICE });
    await alone;
    expect(woken.length).toBeLessThan(60);
    await Promise.all(waiting);
    expect(woken.toSorted()).toEqual([ALICE, ...crowd].toSorted());
  });

  test('who gives up while standing in the queue leaves it at once', async () => {
    const { streams, members } = await setUp();
    const crowd = Array.from({ length: 50 }, (_, index) => `@guest${index}:example.org` as UserId);
    members.set(ROOM, new Set(crowd));
    const gone = new AbortController();
    const waiting = crowd.map((user) => streams.waitForUser(user, streams.current(), LONG, gone.signal));
    streams.announce({ roomId: ROOM });
    let isLastDone = false;
    void waiting.at(-1)!.then(() => {
      isLastDone = true;
    });
    await Promise.resolve();
    expect(isLastDone).toBe(false);
    gone.abort();
    await Promise.resolve();
    await Promise.resolve();
    expect(isLastDone).toBe(true);
    await Promise.all(waiting);
  });

  test('a wake between reading and waiting is not lost', async () => {
    const { streams } = await setUp();
    for (const target of [{ userId: ALICE }, { roomId: ROOM }]) {
      const read = streams.current();
      await commitChange(streams, JSON.stringify(target), target);
      expect(await isDone(streams.waitForUser(ALICE, read, LONG, never))).toBe(true);
      expect(await isDone(streams.waitForUser(CAROL, read, LONG, never))).toBe(false);
      expect(await isDone(streams.waitForUser(ALICE, streams.current(), LONG, never))).toBe(false);
    }
  });

  test('a reader that always waits from where it has read misses no change', async () => {
    const { streams, storage } = await setUp();
    const seen: number[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      let since = streams.current();
      while (seen.length < 200) {
        await streams.waitForUser(ALICE, since, LONG, stop.signal);
        const current = streams.current();
        const rows = await storage.reader.all<{ position: number }>({
          sql: 'SELECT position FROM changes WHERE position > ? AND position <= ? ORDER BY position',
          parameters: [since, current],
        });
        seen.push(...rows.map((row) => row.position));
        since = current;
      }
    })();
    const written = await Promise.all(
      Array.from({ length: 4 }, async (_, writer) => {
        const positions: number[] = [];
        for (let round = 0; round < 50; round++) {
          positions.push(await commitChange(streams, `${writer}/${round}`, { roomId: ROOM }));
        }
        return positions;
      }),
    );
    await reading;
    expect(seen).toEqual(written.flat().sort((a, b) => a - b));
  });

  test('an announcement takes a position of its own and wakes without a commit', async () => {
    const { streams } = await setUp();
    const after = streams.current();
    const waiting = streams.waitForUser(BOB, after, LONG, never);
    expect(streams.announce({ roomId: ROOM })).toBe(after + 1);
    await waiting;
    expect(streams.current()).toBe(after + 1);
  });

  test('an announcement after a commit that is under way is seen after it', async () => {
    const { streams } = await setUp();
    const after = streams.current();
    const waiting = streams.waitForUser(BOB, after, LONG, never);
    const commit = commitChange(streams, 'one');
    expect(streams.announce({ userId: BOB })).toBe(after + 2);
    expect(streams.current()).toBe(after);
    await Promise.all([commit, waiting]);
    expect(streams.current()).toBe(after + 2);
  });

  test('after a restart, positions go on above all that were given, and old readers look again', async () => {
    const config = await engine.newDatabase();
    const joinedUsers = () => new Set<UserId>();
    const before = await engine.reopen(config, { migrations: [changes] });
    const old = createStreams({ storage: before, clock: systemClock, joinedUsers });
    const read = old.current();
    const last = await commitChange(old, 'one');
    await before[Symbol.asyncDispose]();
    const storage = await engine.reopen(config, { migrations: [changes] });
    const streams = createStreams({ storage, clock: systemClock, joinedUsers });
    expect(streams.current()).toBeGreaterThanOrEqual(last);
    expect(await commitChange(streams, 'two')).toBeGreaterThan(last);
    expect(await isDone(streams.waitForUser(ALICE, read, LONG, never))).toBe(true);
  });
});

test('a wait ends when its time has passed or its signal is aborted', async () => {
  const clock = new VirtualClock();
  const waiters = new Waiters(clock, () => []);
  const abort = new AbortController();
  const ended: string[] = [];
  const timed = waiters.wait(ALICE, 1000, never).then(() => ended.push('timed'));
  const aborted = waiters.wait(ALICE, LONG, abort.signal).then(() => ended.push('aborted'));
  await clock.advance(999);
  expect(ended).toEqual([]);
  await clock.advance(1);
  await timed;
  expect(ended).toEqual(['timed']);
  abort.abort();
  await aborted;
  await waiters.wait(ALICE, LONG, abort.signal);
  await waiters.wait(ALICE, 0, never);
  expect(waiters.users).toBe(0);
});

test('all waits of a user end at one wake, and leave nothing behind', async () => {
  const waiters = new Waiters(new VirtualClock(), () => []);
  const waits = [waiters.wait(ALICE, LONG, never), waiters.wait(ALICE, LONG, never)];
  waiters.wake([{ userId: ALICE }]);
  await Promise.all(waits);
  expect(waiters.users).toBe(0);
});

test('a large room is asked about those who wait, not walked through', async () => {
  const large: Audience = {
    size: 100_000,
    has: (user) => user === ALICE,
    [Symbol.iterator]: () => {
      throw new Error('walked through');
    },
  };
  const waiters = new Waiters(new VirtualClock(), () => large);
  const alice = waiters.wait(ALICE, LONG, never);
  void waiters.wait(BOB, LONG, never);
  waiters.wake([{ roomId: ROOM }]);
  await alice;
  expect(waiters.users).toBe(1);
  const recent = new RecentWakes(4, 0, () => large);
  recent.remember(1, [{ roomId: ROOM }]);
  expect([recent.wokeAfter(ALICE, 0), recent.wokeAfter(BOB, 0), recent.wokeAfter(ALICE, 1)]).toEqual([
    true,
    false,
    false,
  ]);
});

test('of wakes that have been forgotten, it says that they may have concerned anyone', () => {
  const recent = new RecentWakes(3, 10, () => []);
  expect(recent.wokeAfter(ALICE, 9)).toBe(true);
  expect(recent.wokeAfter(ALICE, 10)).toBe(false);
  for (const position of [11, 12, 13]) recent.remember(position, [{ userId: BOB }]);
  expect(recent.wokeAfter(ALICE, 10)).toBe(false);
  recent.remember(14, [{ userId: ALICE }]);
  expect(recent.wokeAfter(CAROL, 10)).toBe(true);
  expect(recent.wokeAfter(CAROL, 11)).toBe(false);
  expect(recent.wokeAfter(ALICE, 13)).toBe(true);
  expect(recent.wokeAfter(ALICE, 14)).toBe(false);
});
