import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { CacheBudget } from '#platform/cache/index.ts';
import { systemClock } from '#platform/clock/index.ts';
import { RoomSummaries, StateDeltaStore } from '#rooms/index.ts';
import { openEncryption, type TestDevice, V3 } from '#test/encryption.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { ChangeTracker, LazyMembers, SharedTimelines } from './index.ts';
import { answerSync } from './sync.ts';
import { SyncFilters } from './sync-filters.ts';
import { readSyncRequest } from './sync-request.ts';
import { NO_SOURCES } from './test-sources.ts';

/** Few, so that answers are cut short. */
const PAGE = 4;
/** No poll may wait so long: a message comes long before. */
const POLL_MS = 60_000;
const WALK_MS = 20_000;

interface Message {
  readonly sender: number;
  readonly n: number;
}
interface Answer {
  readonly next_batch: string;
  readonly to_device?: { readonly events: readonly { readonly content: Message }[] };
}

/** What a client does with a poll. */
type Poll =
  | 'take'
  /** Its answer gets lost: the same is asked again. */
  | 'lose'
  /** Given up after a moment, and asked again while the first may still be answered. */
  | 'abort'
  /** Asked twice at once; one of the answers counts. */
  | 'twice'
  /** A token from before is asked with besides. */
  | 'replay';

interface Walk {
  /** How many messages each sender sends, and how long it rests before each, in turns of the event loop. */
  readonly senders: readonly { readonly rests: readonly number[]; readonly repeats: boolean }[];
  readonly polls: readonly (readonly Poll[])[];
}

const poll = fc.constantFrom<Poll>('take', 'take', 'lose', 'abort', 'twice', 'replay');
const walks: fc.Arbitrary<Walk> = fc.record({
  senders: fc.array(fc.record({ rests: fc.array(fc.nat(4), { minLength: 1, maxLength: 12 }), repeats: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  }),
  polls: fc.array(fc.array(poll, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 2 }),
});

async function open(engine: TestEngine) {
  const server = await openEncryption(await engine.open());
  const { storage, streams, rooms, toDevice } = server;
  const dependencies = {
    streams,
    clock: systemClock,
    stores: {
      ...rooms,
      deltas: new StateDeltaStore(storage.reader),
      lazyMembers: new LazyMembers(),
      relationsOf: async () => new Map(),
      summaries: new RoomSummaries(storage.reader, new CacheBudget(100_000).cache('summaries', 1)),
      tracker: new ChangeTracker(streams.current()),
      sharedTimelines: new SharedTimelines(systemClock),
    },
    sources: {
      ...NO_SOURCES,
      toDevice: {
        async messages(...[userId, deviceId, { since, upTo }]: Parameters<typeof NO_SOURCES.toDevice.messages>) {
          const page = await toDevice.messagesFor(userId, deviceId, since ?? 0, upTo, PAGE);
          // Time for a message to come between reading and waiting.
          await systemClock.sleep(2);
          return { messages: page.messages, upTo: page.upTo };
        },
        acknowledge: toDevice.acknowledge,
      },
    },
  };
  const filters = new SyncFilters(dependencies.sources);
  const sync = async (as: TestDevice, since: string, signal: AbortSignal): Promise<Answer> =>
    JSON.parse(await answerSync(await readSyncRequest({ since, timeout: POLL_MS }, as, filters), dependencies, signal));
  return { server, sync };
}

type World = Awaited<ReturnType<typeof open>>;

/** Polls as told, over and over, until it has `total` messages. Answers what it took, in order, and that nothing is left. */
async function receive({ server, sync }: World, device: TestDevice, polls: readonly Poll[], total: number) {
  const taken: Message[] = [];
  const tokens = [`s${server.streams.current()}`];
  const stop = new AbortController();
  const asked: Promise<Answer>[] = [];
  const ask = (since: string, ...signals: AbortSignal[]): Promise<Answer> => {
    const answer = sync(device, since, AbortSignal.any([stop.signal, ...signals]));
    asked.push(answer);
    return answer;
  };
  const next = async (kind: Poll, turn: number): Promise<Answer | undefined> => {
    const since = tokens.at(-1)!;
    const given = new AbortController();
    const answer = ask(since, given.signal);
    if (kind === 'take') return answer;
    if (kind === 'twice') return Promise.race([answer, ask(since)]);
    if (kind === 'replay') {
      // Of what has been acknowledged it is told nothing, so it may wait as well.
      void ask(tokens[Math.floor(tokens.length / 2)]!);
      return answer;
    }
    if (kind === 'lose') await answer;
    else await systemClock.sleep(turn % 3);
    given.abort();
    return undefined;
  };
  for (let turn = 0; taken.length < total; turn++) {
    // After the list it takes once: otherwise some would never end.
    const answer = await next(polls[turn % (polls.length + 1)] ?? 'take', turn);
    if (answer === undefined) continue;
    taken.push(...(answer.to_device?.events ?? []).map((event) => event.content));
    tokens.push(answer.next_batch);
  }
  stop.abort();
  const last = await ask(tokens.at(-1)!);
  await Promise.all(asked);
  return { taken, left: last.to_device };
}

async function send({ server }: World, as: TestDevice, to: TestDevice, sender: number, walk: Walk['senders'][number]) {
  for (const [n, rest] of walk.rests.entries()) {
    for (let turn = 0; turn < rest; turn++) await systemClock.sleep(0);
    // The receiver is woken for nothing, so that messages come while it looks, and tokens lie between messages.
    if (n % 3 === 0) server.streams.announce({ userId: to.userId });
    const path = `${V3}/sendToDevice/my.type/${n}`;
    const put = () => server.ask(as, 'PUT', path, { messages: { [to.userId]: { '*': { sender, n } } } });
    const answers = await Promise.all(walk.repeats ? [put(), put()] : [put()]);
    expect(answers.map(({ verdict }) => verdict)).toEqual(answers.map(() => '200'));
  }
}

forEachEngine('messages to a device that polls, gives up, loses answers and asks again', (engine) => {
  test('come once each, in the order of sending, the same to all devices, and none is waited for in vain', async () => {
    const world = await open(engine);
    let walkNumber = 0;
    await fc.assert(
      fc.asyncProperty(walks, async ({ senders, polls }) => {
        const name = `w${walkNumber++}`;
        const first = await world.server.user(`${name}bob`);
        const bobs = [first, await world.server.login(first.userId, 'BOB2')];
        const from: TestDevice[] = [];
        for (const n of senders.keys()) from.push(await world.server.user(`${name}s${n}`));
        const total = senders.reduce((sum, { rests }) => sum + rests.length, 0);
        const receiving = bobs.map((bob, at) => receive(world, bob, polls[at]!, total));
        const sending = senders.map((walk, at) => send(world, from[at]!, first, at, walk));
        const late = new AbortController();
        const inVain = systemClock.sleep(WALK_MS).then(() => {
          if (!late.signal.aborted) throw new Error('a message was waited for in vain');
          return { taken: [], left: undefined };
        });
        inVain.catch(() => undefined);
        const received = await Promise.all(receiving.map((chain) => Promise.race([chain, inVain])));
        late.abort();
        await Promise.all(sending);
        const taken = received.map((chain) => chain.taken);
        for (const [at, { rests }] of senders.entries()) {
          const ofSender = taken[0]!.filter(({ sender }) => sender === at).map(({ n }) => n);
          expect(ofSender).toEqual([...rests.keys()]);
        }
        expect(taken[1]).toEqual(taken[0]!);
        expect(received.map(({ left }) => left)).toEqual([undefined, undefined]);
      }),
      { numRuns: engine.dialect === 'sqlite' ? 60 : 15 },
    );
  }, 120_000);
});
