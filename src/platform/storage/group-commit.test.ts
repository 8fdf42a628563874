import { expect, test } from 'bun:test';
import { systemClock } from '#platform/clock/index.ts';
import { failureOf } from '#test/storage.ts';
import { GroupCommit, type GroupWriter } from './group-commit.ts';
import type { Batch } from './ports.ts';

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
