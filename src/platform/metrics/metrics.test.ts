import { expect, test } from 'bun:test';
import { VirtualClock } from '#platform/clock/index.ts';
import { createMetrics, measureRuntime } from './index.ts';

test('counters, gauges and histograms are exposed with their labels', async () => {
  const metrics = createMetrics();
  const counter = metrics.counter('c_total', 'Counts.', ['kind']);
  counter.add();
  counter.add(2, { kind: 'a' });
  metrics.gauge('g', 'Level.').set(7);
  metrics.histogram('h', 'Spread.', [1, 5]).observe(3);
  const text = await metrics.text();
  for (const line of [
    'c_total{kind="a"} 2',
    'g 7',
    'h_bucket{le="1"} 0',
    'h_bucket{le="5"} 1',
    'h_sum 3',
    'h_count 1',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(metrics.contentType).toStartWith('text/plain');
});

test('a collector is asked when somebody scrapes', async () => {
  const metrics = createMetrics();
  let value = 1;
  metrics.collector({
    name: 'x',
    help: 'X.',
    type: 'gauge',
    collect: () => [{ value, labels: { name: 'quo"te\n' } }],
  });
  value = 2;
  expect(await metrics.text()).toContain('# TYPE x gauge\nx{name="quo\\"te\\n"} 2');
});

test('what is registered can be described', () => {
  const metrics = createMetrics();
  metrics.gauge('b', 'Second.');
  metrics.counter('a', 'First.');
  expect(metrics.describe()).toEqual([
    { name: 'a', help: 'First.', type: 'counter' },
    { name: 'b', help: 'Second.', type: 'gauge' },
  ]);
});

test('two metrics cannot have one name', () => {
  const metrics = createMetrics();
  metrics.gauge('a', 'A.');
  expect(() => metrics.counter('a', 'A.')).toThrow();
  expect(() => metrics.collector({ name: 'a', help: 'A.', type: 'gauge', collect: () => [] })).toThrow();
});

test('the process tells its memory, time and version, and how late its timers run', async () => {
  const metrics = createMetrics();
  const clock = new VirtualClock();
  const watch = measureRuntime({ metrics, clock, version: '1.2.3' });
  await clock.advance(1000);
  const text = await metrics.text();
  expect(text).toContain('synapse_build_info{version="1.2.3"');
  expect(text).toMatch(/process_resident_memory_bytes \d{6,}/);
  expect(text).toMatch(/process_cpu_seconds_total \d/);
  expect(text).toContain('myelin_event_loop_lag_seconds_count 10');
  watch[Symbol.dispose]();
  await clock.advance(1000);
  expect(await metrics.text()).toContain('myelin_event_loop_lag_seconds_count 10');
});
