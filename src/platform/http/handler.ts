import type { Call, Endpoint, RateLimit, Route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Log } from '#platform/log/index.ts';
import type { Metrics } from '#platform/metrics/index.ts';
import type { Random } from '#platform/random/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { JsonValue } from '#protocol/json.ts';
import { type Authenticated, type Authenticators, authenticate } from './authenticate.ts';
import { type ContractChecks, createChecks } from './checks.ts';
import { parseJson, readBodyText } from './json-body.ts';
import { BINDER_LIMITS } from './limit-policy.ts';
import { OperationStats, registerHttpMetrics } from './observe.ts';
import type { Page } from './page.ts';
import { Patience } from './patience.ts';
import { parseQuery } from './query.ts';
import type { RateLimits } from './rate-limits.ts';
import { HttpRequestInfo, loggableTarget, pathOf, targetOf } from './request-info.ts';
import { answerResponse, errorResponse, headOf, preflightResponse, withCors } from './responses.ts';
import { type Lookup, RouteTable } from './router.ts';

/** What the listener knows of who is connected. */
export interface Connection {
  /** The client's address: the proxy's word for it where the listener believes the proxy. */
  readonly ip: string;
  /** Whether the listener serves a path; absent: every path. */
  readonly serves?: (path: string) => boolean;
  /** Told of a request that takes long: what ends idle connections must not end this one. */
  readonly onLongRequest?: () => void;
  /** The id that a proxy gave the request. */
  readonly requestId?: string | undefined;
}

/** Answers one request. Always resolves, also when the client has gone. */
export type HttpHandler = (request: Request, connection: Connection) => Promise<Response>;

export interface HttpHandlerOptions {
  readonly routes: readonly Route[];
  readonly pages?: readonly Page[];
  readonly authenticate: Authenticators;
  readonly rateLimits: RateLimits;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
  /** The largest JSON body. Streams are limited by their handlers. */
  readonly maxBodyBytes?: number;
  /** Aborted when the server stops: long polls answer early. */
  readonly stopping?: AbortSignal;
}

/** Synapse's limit: room for 200 of the largest events. */
const MAX_BODY_BYTES = 200 * 65536;

/** What a path leads to. */
interface Target {
  readonly stats: OperationStats;
  /** Health checks and scrapes: logged at debug level only. */
  readonly quiet: boolean;
  serve(info: HttpRequestInfo, rawParams: Readonly<Record<string, string>>, seen: Seen): Promise<Response>;
}

/** What the access log tells besides the request itself. */
interface Seen {
  requester?: Authenticated;
  errcode?: string;
}

/** Binds contracts and pages to their handlers. https://spec.matrix.org/v1.19/client-server-api/#api-standards */
export function createHttpHandler(options: HttpHandlerOptions): HttpHandler {
  const { routes, pages = [], log, metrics, clock, random, stopping } = options;
  const contracts = routes.map((route) => ({ route, target: contractTarget(route, options) }));
  const pageTargets = pages.map((page) => ({ page, target: pageTarget(page) }));
  const nowhere = new OperationStats('unrecognized', 'ANY');
  const targets = [...contracts, ...pageTargets].map(({ target }) => target.stats);
  const table = new RouteTable<Target>([
    ...contracts.flatMap(({ route: { endpoint }, target }) =>
      [endpoint.path, ...endpoint.aliases].map((path) => ({ method: endpoint.method, path, entry: target })),
    ),
    ...pageTargets.map(({ page, target }) => ({ method: page.method, path: page.path, entry: target })),
  ]);
  registerHttpMetrics(metrics, () => [...targets, nowhere]);

  const patience = new Patience(clock, stopping);
  const idPrefix = random.text(6);
  let counter = 0;

  return async (request, connection) => {
    if (request.method === 'OPTIONS') return preflightResponse();
    const startedMs = clock.monotonic();
    const target = targetOf(request.url);
    const path = pathOf(target);
    counter += 1;
    const id = connection.requestId ?? `${idPrefix}-${counter}`;
    const info = new HttpRequestInfo(id, request, target, path, connection, stopping);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const found = connection.serves?.(path) === false ? 'unknown-path' : table.find(method, path);
    const stats = typeof found === 'string' ? nowhere : found.entry.stats;
    const seen: Seen = {};
    stats.start();
    let response = await patience.unlessGone(
      request.signal,
      info.ending,
      settle(found, info, seen, log, stats),
      connection.onLongRequest,
    );
    if (request.method === 'HEAD') response = headOf(response);
    const durationMs = clock.monotonic() - startedMs;
    stats.finish(response.status, durationMs / 1000);
    logAccess(log, info, typeof found !== 'string' && found.entry.quiet, stats, seen, response.status, durationMs);
    return response;
  };
}

/** The response of what was found, or that of the error it threw. */
async function settle(
  found: Lookup<Target>,
  info: HttpRequestInfo,
  seen: Seen,
  log: Log,
  stats: OperationStats,
): Promise<Response> {
  try {
    if (found === 'unknown-path') throw new MatrixError('M_UNRECOGNIZED', 'Unrecognized request');
    if (found === 'wrong-method') throw new MatrixError('M_UNRECOGNIZED', 'Unrecognized method', { status: 405 });
    return await found.entry.serve(info, found.rawParams, seen);
  } catch (thrown) {
    const error = thrown instanceof MatrixError ? thrown : unexpected(thrown, info, log, stats);
    seen.errcode = error.errcode;
    return errorResponse(error);
  }
}

/** A bug, or a client that went away in the middle of its body. */
function unexpected(thrown: unknown, info: HttpRequestInfo, log: Log, stats: OperationStats): MatrixError {
  if (!info.request.signal.aborted) {
    log.error('http.failed', { request: info.id, operation: stats.operation, err: thrown });
  }
  return new MatrixError('M_UNKNOWN', 'Internal server error', { status: 500 });
}

function contractTarget({ endpoint, handler }: Route, options: HttpHandlerOptions): Target {
  const { authenticate: authenticators, maxBodyBytes = MAX_BODY_BYTES, rateLimits } = options;
  const checks = createChecks(endpoint);
  return {
    stats: new OperationStats(endpoint.operationId, endpoint.method),
    quiet: false,
    async serve(info, rawParams, seen) {
      const asking = authenticate(endpoint, info, authenticators, () => readSigned(info, maxBodyBytes));
      const requester = asking instanceof Promise ? await asking : asking;
      seen.requester = requester;
      const limited = endpoint.rateLimit && limit(endpoint.rateLimit, requester, info, rateLimits);
      if (limited instanceof Promise) await limited;
      const params = checks.params(rawParams);
      const query = checks.query(info.hasQuery ? parseQuery(info.query) : undefined);
      const reading = readBody(endpoint, checks, info, maxBodyBytes);
      const body = reading instanceof Promise ? await reading : reading;
      const call = { requester, params, query, body, request: info } as unknown as Call<Endpoint>;
      return answerResponse(await handler(call));
    },
  };
}

async function readSigned(info: HttpRequestInfo, maxBodyBytes: number) {
  info.bodyText = await readBodyText(info.request, maxBodyBytes);
  info.bodyValue = info.bodyText === '' ? undefined : parseJson(info.bodyText);
  return { request: info, method: info.method, uri: info.target, content: info.bodyValue };
}

/** Other servers and appservices as such have limits of their own, elsewhere. */
function limit(
  name: RateLimit,
  requester: Authenticated,
  info: HttpRequestInfo,
  rateLimits: RateLimits,
): void | Promise<void> {
  if (requester !== undefined && !('userId' in requester)) return;
  const { limiter, action } = BINDER_LIMITS[name];
  // The address costs a system call, and is only looked at for who is not logged in.
  const ip = requester === undefined ? info.ip : '';
  if (action === 'take') return rateLimits.takeFor(limiter, requester, ip);
  if (action === 'check') return rateLimits.checkFor(limiter, requester, ip);
}

function readBody(
  { auth, accepts }: Endpoint,
  checks: ContractChecks,
  info: HttpRequestInfo,
  maxBodyBytes: number,
): JsonValue | undefined | Promise<JsonValue> {
  if (accepts === 'stream') {
    info.bodyStream = info.request.body;
    return undefined;
  }
  if (!checks.hasBody) return undefined;
  // A signed body was read to check the signature.
  if (auth === 'server') return checks.body(info.bodyText, info.bodyValue);
  return readBodyText(info.request, maxBodyBytes).then((text) => {
    info.bodyText = text;
    return checks.body(text);
  });
}

function pageTarget(page: Page): Target {
  return {
    stats: new OperationStats(page.name, page.method),
    quiet: page.quiet ?? false,
    serve: async (info) => withCors(await page.handler(info.request, info)),
  };
}

function logAccess(
  log: Log,
  info: HttpRequestInfo,
  quiet: boolean,
  { operation }: OperationStats,
  { requester, errcode }: Seen,
  status: number,
  durationMs: number,
): void {
  const level = quiet ? 'debug' : 'info';
  if (!log.enabled(level)) return;
  log[level]('http.request', {
    request: info.id,
    method: info.method,
    uri: loggableTarget(info.target),
    operation,
    status,
    errcode,
    ms: Math.round(durationMs * 10) / 10,
    ip: info.ip,
    who: nameOf(requester),
    agent: info.userAgent,
  });
}

function nameOf(requester: Authenticated): string | undefined {
  if (requester === undefined) return undefined;
  if ('userId' in requester) return requester.userId;
  return 'origin' in requester ? requester.origin : requester.appserviceId;
}
