/**
 * Prometheus metrics. Names are Synapse's where Synapse has the metric, so that its dashboards work; others start with
 * `myelin_`. Few labels: never a user, room or destination. `docs` lists them through `describe()`.
 *
 * Parts register what they measure here; hot paths keep their own counts and give them out through `collector`, which is
 * asked only when somebody scrapes.
 */
import { Counter, Gauge, Histogram, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string | number>>;

export interface CounterMetric {
  add(amount?: number, labels?: Labels): void;
}

export interface GaugeMetric {
  set(value: number, labels?: Labels): void;
}

export interface HistogramMetric {
  /** In the metric's unit, seconds for durations. */
  observe(value: number, labels?: Labels): void;
}

export interface Sample {
  readonly value: number;
  readonly labels?: Labels;
  /** A histogram's `_bucket`, `_sum` and `_count` lines carry their whole name. */
  readonly name?: string;
}

export interface CollectorOptions {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** The values at this moment. */
  collect(): readonly Sample[];
}

export interface Metrics {
  counter(name: string, help: string, labelNames?: readonly string[]): CounterMetric;
  gauge(name: string, help: string, labelNames?: readonly string[]): GaugeMetric;
  histogram(name: string, help: string, buckets: readonly number[], labelNames?: readonly string[]): HistogramMetric;
  collector(options: CollectorOptions): void;
  /** The exposition format, and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
  /** Name, help and type of everything registered, by name. */
  describe(): readonly { readonly name: string; readonly help: string; readonly type: string }[];
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const kinds = new Map<string, { name: string; help: string; type: string }>();
  const note = (name: string, help: string, type: string): void => void kinds.set(name, { name, help, type });
  return {
    counter(name, help, labelNames = []) {
      note(name, help, 'counter');
      const counter = new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
      return { add: (amount = 1, labels = {}) => counter.inc(labels, amount) };
    },
    gauge(name, help, labelNames = []) {
      note(name, help, 'gauge');
      const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
      return { set: (value, labels = {}) => gauge.set(labels, value) };
    },
    histogram(name, help, buckets, labelNames = []) {
      note(name, help, 'histogram');
      const histogram = new Histogram({
        name,
        help,
        buckets: [...buckets],
        labelNames: [...labelNames],
        registers: [registry],
      });
      return { observe: (value, labels = {}) => histogram.observe(labels, value) };
    },
    collector(options) {
      note(options.name, options.help, options.type);
      registry.registerMetric(asMetric(options));
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
    describe: () => [...kinds.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** prom-client asks a metric for its values by `get`; its classes differ only in how they gather them. */
function asMetric({ name, help, type, collect }: CollectorOptions): Gauge {
  const values = (): MetricValue<string>[] =>
    collect().map(({ value, labels = {}, name: metricName }) => ({ value, labels, metricName }) as MetricValue<string>);
  const get = async (): Promise<MetricObjectWithValues<MetricValue<string>>> =>
    ({ name, help, type, values: values(), aggregator: 'sum' }) as unknown as MetricObjectWithValues<
      MetricValue<string>
    >;
  return { name, help, type, get } as unknown as Gauge;
}

export { measureRuntime } from './runtime-metrics.ts';
