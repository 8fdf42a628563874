/** Listening sockets on Bun's HTTP server: addresses, TLS, forwarded addresses, stopping without dropping requests. */
import { chmodSync, rmSync, statSync } from 'node:fs';
import type { Clock } from '#platform/clock/index.ts';
import type { ListenAddress, ListenerConfig, TlsConfig } from '#platform/config/index.ts';
import { type HttpHandler, servedPaths } from '#platform/http/index.ts';
import type { Log } from '#platform/log/index.ts';
import { readCertificate } from './certificate.ts';
import { forwardedAddress, plainAddress } from './client-address.ts';

type BunServer = ReturnType<typeof Bun.serve>;

/**
 * How long a connection may do nothing between requests; Bun's maximum is 255. While a request is being answered that takes
 * long there is no such limit: long polls and remote joins take their time.
 */
const IDLE_TIMEOUT_S = 240;

export interface ListenOptions {
  readonly listeners: readonly ListenerConfig[];
  readonly tls: TlsConfig;
  readonly handler: HttpHandler;
  readonly log: Log;
  readonly clock: Clock;
}

export interface HttpServer {
  /** Where it listens: `http://127.0.0.1:8008/`, `unix:/run/x.sock`. A configured port 0 has become a real one. */
  readonly addresses: readonly string[];
  /** Reads certificate and key again; connections that are open keep the old ones. Throws, changing nothing, if unreadable. */
  reloadTls(): Promise<void>;
  /** Accepts no more, lets running requests finish for at most `graceMs`, then closes what is left. */
  stop(graceMs: number): Promise<void>;
}

/** One socket to listen on, once a listener's bind addresses are taken apart. */
interface Binding {
  readonly listener: ListenerConfig;
  readonly at:
    | { readonly hostname: string; readonly port: number; readonly ipv6Only: boolean }
    | { readonly unix: string };
  readonly mode?: number;
  /** Whether it may fail to bind: one half of "all addresses" on a machine without that half. */
  readonly optional: boolean;
}

/** Opens every listener. Throws when one cannot be opened, with none left open. */
export async function listen(options: ListenOptions): Promise<HttpServer> {
  const { listeners, log, clock } = options;
  const open: { binding: Binding; server: BunServer }[] = [];
  try {
    for (const binding of listeners.flatMap(bindingsOf)) {
      const server = tryOpen(binding, options);
      if (server !== undefined) open.push({ binding, server });
    }
  } catch (error) {
    await Promise.all(open.map(({ server }) => server.stop(true)));
    throw error;
  }
  /** Those with an older certificate, which finish what they have. */
  const retired: BunServer[] = [];
  const all = (): BunServer[] => [...retired, ...open.map(({ server }) => server)];
  const addresses = open.map(({ binding, server }) => addressOf(binding, server));
  for (const address of addresses) log.info('http.listening', { address });
  return {
    addresses,
    async reloadTls() {
      const secured = open.filter(({ binding }) => binding.listener.tls);
      // Read before anything is changed, and opened beside the old ones: no moment without a listener.
      if (secured.length > 0) readCertificate(options.tls);
      for (const entry of secured) {
        const renewed = openServer(withPort(entry.binding, entry.server), options);
        retired.push(entry.server);
        void entry.server.stop(false);
        entry.server = renewed;
      }
      log.info('http.tls_reloaded', { listeners: secured.length });
    },
    async stop(graceMs) {
      const drained = Promise.all(all().map((server) => server.stop(false)));
      const grace = new AbortController();
      await Promise.race([drained, clock.sleep(graceMs, grace.signal)]);
      grace.abort();
      const left = all().reduce((sum, server) => sum + server.pendingRequests, 0);
      if (left > 0) log.warn('http.requests_cut_off', { requests: left });
      await Promise.all(all().map((server) => server.stop(true)));
      for (const { binding } of open) if ('unix' in binding.at) rmSync(binding.at.unix, { force: true });
    },
  };
}

function bindingsOf(listener: ListenerConfig): Binding[] {
  const { address } = listener;
  if ('unixSocket' in address) {
    return [{ listener, at: { unix: address.unixSocket }, mode: address.mode, optional: false }];
  }
  return address.bindAddresses.map((hostname) => ({
    listener,
    at: { hostname, port: address.port, ipv6Only: hostname === '::' && address.bindAddresses.includes('0.0.0.0') },
    optional: isEitherOfTwo(hostname, address),
  }));
}

/** `::` beside `0.0.0.0`, or `::1` beside `127.0.0.1`: a machine may have only one of IPv4 and IPv6. */
function isEitherOfTwo(hostname: string, address: ListenAddress): boolean {
  if ('unixSocket' in address) return false;
  const other = { '::': '0.0.0.0', '::1': '127.0.0.1' }[hostname];
  return other !== undefined && address.bindAddresses.includes(other);
}

function tryOpen(binding: Binding, options: ListenOptions): BunServer | undefined {
  try {
    return openServer(binding, options);
  } catch (error) {
    if (binding.optional && (error as { code?: string }).code !== 'EADDRINUSE') return undefined;
    throw new Error(`cannot listen on ${describe(binding)}: ${(error as Error).message}`, { cause: error });
  }
}

const describe = ({ at }: Binding): string => ('unix' in at ? at.unix : `${at.hostname} port ${at.port}`);

function openServer({ listener, at, mode }: Binding, { handler, tls, log }: ListenOptions): BunServer {
  const serves = servedPaths(listener.resources);
  const fetch = async (request: Request, server: BunServer): Promise<Response> => {
    let isLong = false;
    const connection = {
      get ip(): string {
        const forwarded = listener.xForwarded ? forwardedAddress(request.headers) : undefined;
        return forwarded ?? plainAddress(server.requestIP(request)?.address ?? '0.0.0.0');
      },
      serves,
      onLongRequest() {
        isLong = true;
        server.timeout(request, 0);
      },
      requestId: listener.requestIdHeader === undefined ? undefined : requestIdOf(request, listener.requestIdHeader),
    };
    const response = await handler(request, connection);
    if (isLong) server.timeout(request, IDLE_TIMEOUT_S);
    return response;
  };
  const shared = {
    fetch,
    idleTimeout: IDLE_TIMEOUT_S,
    // The handler has limits of its own, and answers what exceeds them with a proper error.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    development: false,
    error(error: Error): Response {
      log.error('http.server_failed', { err: error });
      return new Response(null, { status: 500 });
    },
    ...(listener.tls ? { tls: pairOf(tls) } : {}),
  };
  if (!('unix' in at)) return Bun.serve({ ...shared, ...at, reusePort: listener.tls });
  removeStaleSocket(at.unix);
  const server = Bun.serve({ ...shared, unix: at.unix } as Parameters<typeof Bun.serve>[0]);
  if (mode !== undefined) chmodSync(at.unix, mode);
  return server;
}

function pairOf(tls: TlsConfig): { cert: string; key: string } {
  const { cert, key } = readCertificate(tls);
  return { cert, key };
}

/** What a proxy says the request's id is, as far as it can be logged. */
function requestIdOf(request: Request, header: string): string | undefined {
  const id = request.headers.get(header);
  return id !== null && /^[\w.:-]{1,64}$/.test(id) ? id : undefined;
}

/** A process that was killed leaves its socket behind. Anything else at that path is not ours to remove. */
function removeStaleSocket(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path);
}

function withPort(binding: Binding, server: BunServer): Binding {
  return 'unix' in binding.at ? binding : { ...binding, at: { ...binding.at, port: server.port ?? binding.at.port } };
}

function addressOf({ listener, at }: Binding, server: BunServer): string {
  if ('unix' in at) return `unix:${at.unix}`;
  const host = at.hostname.includes(':') ? `[${at.hostname}]` : at.hostname;
  return `${listener.tls ? 'https' : 'http'}://${host}:${server.port}/`;
}
