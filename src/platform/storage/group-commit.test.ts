import { expect, test } from 'bun:test';
import { systemClock } from '#platform/clock/index.ts';
import { failureOf } from '#test/storage.ts';
import { GroupCommit, type GroupWriter } from './group-commit.ts';
import { type Batch, BatchConflict } from './ports.ts';
import { WriteCheck } from './write-check.ts';

/** An engine that remembers the texts of each group, and fails as long as it is told to. */
class MemoryEngine implements GroupWriter {
  readonly groups: string[][] = [];
  failing = false;

  async write(group: Parameters<GroupWriter['write']>[0]): Promise<readonly (Error | undefined)[]> {
    await systemClock.sleep(1);
    if (this.failing) throw new Error('disk full');
    this.groups.push(group.flatMap((batch) => batch.texts));
    return group.map(() => undefined);
  }
}

const say = (text: string) => (batch: Batch) => void batch.add({ sql: text, parameters: [] });
const make = (engine: MemoryEngine) => new GroupCommit(engine, systemClock, () => undefined);

test('what waits while a group is written is written together', async () => {
  const engine = new MemoryEngine();
  const commits = make(engine);
  const first = commits.commit(say('a'));
  await systemClock.sleep(0);
  await Promise.all([
    first,
    commits.commit(say('b')),
    commits.commit(say('c')),
    first.then(() => commits.commit(say('d'))),
  ]);
  expect(engine.groups.flat()).toEqual(['a', 'b', 'c', 'd']);
  expect(engine.groups.length).toBeLessThan(4);
});

test('a batch without statements asks nothing of the engine', async () => {
  const engine = new MemoryEngine();
  expect(await make(engine).commit(() => 7)).toBe(7);
  expect(engine.groups).toEqual([]);
});

test('nothing is written while what is owed cannot be, and what is owed comes first when it can', async () => {
  const engine = new MemoryEngine();
  const commits = make(engine);
  engine.failing = true;
  const dependent = commits.commit((batch) => {
    commits.owe(say('reservation'));
    say('dependent')(batch);
  });
  expect(await failureOf(dependent)).toHaveProperty('message', 'disk full');
  expect(await failureOf(commits.commit(say('next')))).toHaveProperty('message', 'disk full');
  engine.failing = false;
  await commits.commit(say('later'));
  expect(engine.groups).toEqual([['reservation'], ['later']]);
});

test('when the engine is gone, what waits and what comes fails', async () => {
  const engine = new MemoryEngine();
  const commits = make(engine);
  const waiting = commits.commit(say('waiting'));
  commits.break(new Error('the writer died'));
  expect(await failureOf(waiting)).toHaveProperty('message', 'the writer died');
  expect(await failureOf(commits.commit(say('late')))).toHaveProperty('message', 'the writer died');
  await commits.close();
});

test('a group ends when it is long enough, however many wait', async () => {
  const engine = new MemoryEngine();
  const commits = make(engine);
  const many = (batch: Batch) => {
    for (let index = 0; index < 3000; index++) say(`${index}`)(batch);
  };
  await Promise.all([commits.commit(many), commits.commit(many), commits.commit(many)]);
  expect(engine.groups.map((group) => group.length)).toEqual([6000, 3000]);
});

test('whether it can be written is told by what was written of late, and tried only after a while or a failure', async () => {
  const engine = new MemoryEngine();
  let laterMs = 0;
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + laterMs };
  const commits = new GroupCommit(engine, clock, () => undefined);
  const check = new WriteCheck(commits, clock);
  await Promise.all([check.check(), check.check()]);
  expect(engine.groups.length).toBe(1);
  await check.check();
  await commits.commit(say('a'));
  await check.check();
  expect(engine.groups.length).toBe(2);
  laterMs = 31_000;
  await check.check();
  expect(engine.groups.length).toBe(3);
  engine.failing = true;
  await failureOf(commits.commit(say('b')));
  expect(await failureOf(check.check())).toHaveProperty('message', 'disk full');
  engine.failing = false;
  await check.check();
  expect(engine.groups.length).toBe(4);
  commits.break(new Error('the writer died'));
  expect(await failureOf(check.check())).toHaveProperty('message', 'the writer died');
});

test('a refused batch says that writing works, a write without end that it does not', async () => {
  let laterMs = 0;
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + laterMs };
  const hanging = Promise.withResolvers<void>();
  const writer: GroupWriter = {
    async write(group) {
      if (group[0]?.texts[0] === 'hangs') await hanging.promise;
      return group.map(() => new BatchConflict('not as expected'));
    },
  };
  const commits = new GroupCommit(writer, clock, () => undefined);
  const check = new WriteCheck(commits, clock);
  await failureOf(commits.commit(say('a')));
  await check.check();
  const stuck = failureOf(commits.commit(say('hangs')));
  await systemClock.sleep(5);
  await check.check();
  laterMs = 6_000;
  expect(String(await failureOf(check.check()))).toContain('under way for 6 seconds');
  hanging.resolve();
  await stuck;
  await check.check();
});

test('of many who wait for their answers, one half is written while the other is answered', async () => {
  const engine = new MemoryEngine();
  const commits = make(engine);
  const client = async (name: number) => {
    for (let index = 0; index < 10; index++) await commits.commit(say(`${name} ${index}`));
  };
  await Promise.all(Array.from({ length: 20 }, (_, name) => client(name)));
  const said = engine.groups.flat();
  expect(new Set(said).size).toBe(200);
  // The first groups find out how many there are.
  const sizes = engine.groups.slice(6, -2).map((group) => group.length);
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(5);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(15);
});

test('at the writer is one group at most behind the one that is being written, and none behind what is owed', async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  const texts: string[][] = [];
  const writer: GroupWriter = {
    async write(group) {
      texts.push(group.flatMap((batch) => batch.texts));
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      return group.map(() => undefined);
    },
  };
  const commits = new GroupCommit(writer, systemClock, () => undefined);
  const many = Array.from({ length: 40 }, (_, index) => commits.commit(say(`${index}`)));
  await systemClock.sleep(2);
  expect(texts.length).toBe(2);
  commits.owe(say('owed'));
  gates[0]!.resolve();
  await systemClock.sleep(2);
  expect(texts.length).toBe(2);
  gates[1]!.resolve();
  await systemClock.sleep(2);
  expect(texts.slice(2)).toEqual([['owed']]);
  gates[2]!.resolve();
  await systemClock.sleep(2);
  expect(texts.flat().length).toBe(41);
  gates[3]!.resolve();
  await Promise.all(many);
  expect(texts.flat().filter((text) => text !== 'owed')).toEqual(many.map((_, index) => `${index}`));
});
