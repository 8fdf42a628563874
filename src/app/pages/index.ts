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
  const isHealthy = () => answersInTime(storage, clock);
  const health: Page = {
    name: 'health',
    method: 'GET',
    path: '/health',
    quiet: true,
    handler: async () =>
      (await isHealthy()) ? new Response('OK') : new Response('the database does not answer', { status: 503 }),
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
  return config.metrics.enabled ? [welcome, health, scrape] : [welcome, health];
}

async function answersInTime(storage: Storage, clock: Clock): Promise<boolean> {
  const waiting = new AbortController();
  const answered = ping(storage.reader).then(
    () => true,
    () => false,
  );
  const late = clock.sleep(DATABASE_TIMEOUT_MS, waiting.signal).then(() => false);
  return Promise.race([answered, late]).finally(() => waiting.abort());
}
