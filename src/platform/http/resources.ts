import type { ResourceName } from '#platform/config/index.ts';

/** Which paths each of a listener's resources opens; Synapse's division. */
const PREFIXES: Readonly<Record<ResourceName, readonly string[]>> = {
  client: [
    '/_matrix/client/',
    '/_matrix/media/',
    '/_matrix/static/',
    '/_synapse/admin/',
    '/_synapse/client/',
    '/_synapse/mas/',
    '/_myelin/',
    '/.well-known/',
  ],
  consent: ['/_matrix/consent'],
  federation: ['/_matrix/federation/', '/_matrix/key/', '/_matrix/media/', '/.well-known/'],
  keys: ['/_matrix/key/'],
  media: ['/_matrix/media/', '/_matrix/client/v1/media/', '/_matrix/federation/v1/media/'],
  metrics: ['/_synapse/metrics', '/metrics'],
  openid: ['/_matrix/federation/v1/openid/userinfo'],
  replication: ['/_synapse/replication/'],
  static: ['/_matrix/static/'],
  health: [],
};

/** Served by every listener. */
const EVERYWHERE = ['/health'];

/** Says which paths a listener with these resources serves. */
export function servedPaths(resources: readonly ResourceName[]): (path: string) => boolean {
  const prefixes = [...new Set([...EVERYWHERE, ...resources.flatMap((name) => PREFIXES[name])])];
  const root = resources.includes('client') || resources.includes('federation');
  return (path) => (root && path === '/') || prefixes.some((prefix) => path.startsWith(prefix));
}
