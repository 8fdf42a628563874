/**
 * What is served to people and monitors rather than to clients: the welcome page at `/`, `/health`, `/_synapse/metrics`.
 */
import type { Clock } from '#platform/clock/index.ts';
import type { Config } from '#platform/config/index.ts';
import type { Page } from '#platform/http/index.ts';
import type { Metrics } from '#platform/metrics/index.ts';
import type { Storage } from '#platform/storage/ports.ts';
import { ping } from '../schema-store.ts';
import { renderWelcome } from './welcome.ts';

export interface PagesOptions {
  readonly config: Pick<Config, 'server' | 'metrics' | 'registration'>;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly storage: Storage;
  readonly hasUsers: () => Promise<boolean>;
}

const DATABASE_TIMEOUT_MS = 5_000;

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

export function pages(options: PagesOptions): readonly Page[] {
  const { config, metrics, storage, clock } = options;
  const isHealthy = async () => (await faultOf(storage, clock)) === undefined;
  const health: Page = {
    name: 'health',
    method: 'GET',
    path: '/health',
    quiet: true,
    handler: async () => {
      const fault = await faultOf(storage, clock);
      return fault === undefined ? new Response('OK') : new Response(fault, { status: 503 });
    },
  };
  const welcome: Page = {
    name: 'welcome',
    method: 'GET',
    path: '/',
    handler: async (_request, info) => {
      const elsewhere = config.server.webClientLocation;
      if (elsewhere !== undefined) return Response.redirect(elsewhere, 302);
      const healthy = await isHealthy();
      const isFirst = healthy && !(await options.hasUsers());
      const text = renderWelcome({ config, healthy, isFirst, host: info.headers.get('host') });
      return new Response(text, { status: healthy ? 200 : 503, headers: PAGE_HEADERS });
    },
  };
  const scrape: Page = {
    name: 'metrics',
    method: 'GET',
    path: '/_synapse/metrics',
    quiet: true,
    handler: async () => new Response(await metrics.text(), { headers: { 'content-type': metrics.contentType } }),
  };
  // Synapse's metrics listeners answer there too, which is where Prometheus looks by itself.
  const scrapeElsewhere: Page = { ...scrape, path: '/metrics' };
  return config.metrics.enabled ? [welcome, health, scrape, scrapeElsewhere] : [welcome, health];
}

/** What is wrong with the database, in words for everybody: it may be asked for by anybody. */
async function faultOf(storage: Storage, clock: Clock): Promise<string | undefined> {
  const waiting = new AbortController();
  const failsTo = (work: Promise<void>, fault: string): Promise<string | undefined> =>
    work.then(
      () => undefined,
      () => fault,
    );
  const late = (fault: string) => clock.sleep(DATABASE_TIMEOUT_MS, waiting.signal).then(() => fault);
  const answer = (work: Promise<void>, fault: string) => Promise.race([failsTo(work, fault), late(fault)]);
  try {
    const [read, written] = await Promise.all([
      answer(ping(storage.reader), 'the database does not answer'),
      answer(storage.checkWrite(), 'the database cannot be written'),
    ]);
    return read ?? written;
  } finally {
    waiting.abort();
  }
}
