import type { Clock } from '#platform/clock/index.ts';
import type { Metrics } from './index.ts';

const LAG_INTERVAL_MS = 100;
const LAG_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

interface RuntimeMetricsOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly version: string;
}

/** Registers what is true of the process as a whole, and watches how late the event loop runs its timers. */
export function measureRuntime({ metrics, clock, version }: RuntimeMetricsOptions): Disposable {
  const startedS = clock.now() / 1000;
  const gauge = (name: string, help: string, read: () => number): void =>
    metrics.collector({ name, help, type: 'gauge', collect: () => [{ value: read() }] });
  gauge('process_start_time_seconds', 'When the process started, in seconds since the epoch.', () => startedS);
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_used_bytes', 'Memory that the heap uses.', () => process.memoryUsage().heapUsed);
  gauge('nodejs_external_memory_bytes', 'Memory of buffers outside the heap.', () => process.memoryUsage().external);
  metrics.collector({
    name: 'process_cpu_seconds_total',
    help: 'CPU time, user and system.',
    type: 'counter',
    collect: () => [{ value: (process.cpuUsage().user + process.cpuUsage().system) / 1e6 }],
  });
  metrics.collector({
    name: 'synapse_build_info',
    help: 'Always 1; the labels say what runs.',
    type: 'gauge',
    collect: () => [{ value: 1, labels: { version, osversion: `${process.platform} ${process.arch}` } }],
  });
  return watchEventLoop(metrics, clock);
}

function watchEventLoop(metrics: Metrics, clock: Clock): Disposable {
  const histogram = metrics.histogram(
    'myelin_event_loop_lag_seconds',
    'How late a timer ran: the time for which other requests had to wait.',
    LAG_BUCKETS_S,
  );
  let worst = 0;
  metrics.collector({
    name: 'myelin_event_loop_lag_max_seconds',
    help: 'The worst lag since the last scrape.',
    type: 'gauge',
    collect: () => {
      const value = worst;
      worst = 0;
      return [{ value }];
    },
  });
  let timer = schedule();
  function schedule() {
    const due = clock.monotonic() + LAG_INTERVAL_MS;
    return clock.after(LAG_INTERVAL_MS, () => {
      const lagS = Math.max(0, clock.monotonic() - due) / 1000;
      worst = Math.max(worst, lagS);
      histogram.observe(lagS);
      timer = schedule();
    });
  }
  return { [Symbol.dispose]: () => timer.cancel() };
}
