import { expect, test } from 'bun:test';
import { VirtualClock } from '#platform/clock/index.ts';
import { createLog } from '#platform/log/index.ts';
import { createMetrics } from '#platform/metrics/index.ts';
import { seededRandom } from '#platform/random/index.ts';
import { createJobs } from './index.ts';

function setUp() {
  const clock = new VirtualClock();
  const metrics = createMetrics();
  const lines: string[] = [];
  const log = createLog({ sink: { write: (line) => void lines.push(line) } });
  const startMs = clock.now();
  return {
    clock,
    metrics,
    lines,
    jobs: createJobs({ clock, random: seededRandom('jobs'), log, metrics }),
    elapsedMs: () => clock.now() - startMs,
  };
}

/** Lets promises that are ready go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function advance(clock: VirtualClock, ms: number): Promise<void> {
  for (let i = 0; i < ms; i += 10) {
    await clock.advance(10);
    await settle();
  }
}

test('a job runs at its interval, give or take the jitter', async () => {
  const { clock, jobs, elapsedMs } = setUp();
  const runs: number[] = [];
  jobs.every(1000, 'tick', async () => void runs.push(elapsedMs()), { jitter: 0.1 });
  await advance(clock, 5500);
  expect(runs[0]).toBe(1000);
  expect(runs.length).toBeGreaterThanOrEqual(4);
  for (let i = 1; i < runs.length; i++) {
    const pauseMs = (runs[i] ?? 0) - (runs[i - 1] ?? 0);
    expect(pauseMs).toBeGreaterThanOrEqual(890);
    expect(pauseMs).toBeLessThanOrEqual(1110);
  }
});

test('a job never runs twice at once', async () => {
  const { clock, jobs } = setUp();
  let running = 0;
  let most = 0;
  const job = jobs.every(100, 'slow', async () => {
    most = Math.max(most, ++running);
    await clock.sleep(1000);
    running -= 1;
  });
  await advance(clock, 150);
  const runs = [job.run(), job.run(), job.run()];
  await advance(clock, 5000);
  await Promise.all(runs);
  expect(most).toBe(1);
});

test('asked to run while it runs, a job runs once more, for all who asked', async () => {
  const { clock, jobs } = setUp();
  let runs = 0;
  const job = jobs.every(1_000_000, 'once more', async () => {
    runs += 1;
    await clock.sleep(100);
  });
  const asked = [job.run(), job.run(), job.run()];
  await advance(clock, 500);
  await Promise.all(asked);
  expect(runs).toBe(2);
});

test('what a job throws is logged and counted, and it runs again', async () => {
  const { clock, jobs, lines, metrics } = setUp();
  let runs = 0;
  jobs.every(100, 'broken', () => {
    runs += 1;
    throw new Error('not even a promise');
  });
  await advance(clock, 500);
  expect(runs).toBeGreaterThanOrEqual(4);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    event: 'job.failed',
    job: 'broken',
    err: { message: 'not even a promise' },
  });
  const text = await metrics.text();
  expect(text).toContain(`myelin_background_process_failed_count{name="broken"} ${runs}`);
  expect(text).toContain(`synapse_background_process_start_count{name="broken"} ${runs}`);
});

test('the first run may come sooner', async () => {
  const { clock, jobs, elapsedMs } = setUp();
  const runs: number[] = [];
  jobs.every(10_000, 'early', async () => void runs.push(elapsedMs()), { firstAfterMs: 50 });
  await advance(clock, 5000);
  expect(runs).toEqual([50]);
});

test('stopping waits for what runs, tells it, and starts nothing more', async () => {
  const { clock, jobs } = setUp();
  let runs = 0;
  let ended = false;
  jobs.every(100, 'long', async (signal) => {
    runs += 1;
    await clock.sleep(1_000_000, signal);
    ended = signal.aborted;
  });
  await advance(clock, 150);
  await jobs.stop();
  expect(ended).toBe(true);
  await advance(clock, 1000);
  expect(runs).toBe(1);
});
