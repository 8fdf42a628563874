import type { Metrics, Sample } from '#platform/metrics/index.ts';

/** Upper bounds in seconds: Synapse's, whose dashboards expect them. */
const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

/** The counts of one operation. Plain numbers: a request adds to them many times more often than anybody reads them. */
export class OperationStats {
  inFlight = 0;
  received = 0;
  readonly byStatus = new Map<number, number>();
  readonly buckets = new Array<number>(BUCKETS_S.length).fill(0);
  sumS = 0;

  constructor(
    readonly operation: string,
    readonly method: string,
  ) {}

  start(): void {
    this.inFlight += 1;
    this.received += 1;
  }

  finish(status: number, durationS: number): void {
    this.inFlight -= 1;
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    this.sumS += durationS;
    for (let i = BUCKETS_S.length - 1; i >= 0 && durationS <= (BUCKETS_S[i] ?? 0); i--) {
      this.buckets[i] = (this.buckets[i] ?? 0) + 1;
    }
  }

  get count(): number {
    let count = 0;
    for (const amount of this.byStatus.values()) count += amount;
    return count;
  }
}

const TIME = 'synapse_http_server_response_time_seconds';

/** Registers what is counted of all operations. */
export function registerHttpMetrics(metrics: Metrics, operations: () => readonly OperationStats[]): void {
  const active = (): OperationStats[] => operations().filter(({ received }) => received > 0);
  const labels = ({ method, operation }: OperationStats) => ({ method, servlet: operation });
  metrics.collector({
    name: 'synapse_http_server_requests_received',
    help: 'Requests received, by method and operation.',
    type: 'counter',
    collect: () => active().map((stats) => ({ value: stats.received, labels: labels(stats) })),
  });
  metrics.collector({
    name: 'synapse_http_server_response_count',
    help: 'Responses sent, by method, operation and status.',
    type: 'counter',
    collect: () =>
      active().flatMap((stats) =>
        [...stats.byStatus].map(([code, value]) => ({ value, labels: { ...labels(stats), code } })),
      ),
  });
  metrics.collector({
    name: 'synapse_http_server_in_flight_requests_count',
    help: 'Requests being answered, long polls included.',
    type: 'gauge',
    collect: () => active().map((stats) => ({ value: stats.inFlight, labels: labels(stats) })),
  });
  metrics.collector({
    name: TIME,
    help: 'Time from a request to its response, by method and operation.',
    type: 'histogram',
    collect: () => active().flatMap((stats) => timeSamples(stats, labels(stats))),
  });
}

function timeSamples(stats: OperationStats, labels: Readonly<Record<string, string>>): Sample[] {
  const bucket = (le: string | number, value: number) => ({ name: `${TIME}_bucket`, value, labels: { ...labels, le } });
  return [
    ...BUCKETS_S.map((le, i) => bucket(le, stats.buckets[i] ?? 0)),
    bucket('+Inf', stats.count),
    { name: `${TIME}_sum`, value: stats.sumS, labels },
    { name: `${TIME}_count`, value: stats.count, labels },
  ];
}
