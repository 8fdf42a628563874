/** What the tests of this folder share: a handler over given routes, with users known by their tokens. */
import type { Route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import { VirtualClock } from '#platform/clock/index.ts';
import { RATE_LIMIT_DEFAULTS } from '#platform/config/index.ts';
import { createLog } from '#platform/log/index.ts';
import { createMetrics } from '#platform/metrics/index.ts';
import { seededRandom } from '#platform/random/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import {
  type Connection,
  createHttpHandler,
  createRateLimits,
  type HttpHandlerOptions,
  type OverrideOf,
  type SignedRequest,
} from './index.ts';

const requester = (name: string, more: Partial<Requester> = {}): Requester => ({
  userId: `@${name}:test` as UserId,
  deviceId: undefined,
  tokenId: 1,
  isGuest: false,
  isAdmin: false,
  isSuspended: false,
  isShadowBanned: false,
  appserviceId: undefined,
  ...more,
});

const USERS: Readonly<Record<string, Requester>> = {
  alice: requester('alice'),
  admin: requester('admin', { isAdmin: true }),
  guest: requester('guest', { isGuest: true }),
  suspended: requester('suspended', { isSuspended: true }),
  bridge: requester('bridge', { appserviceId: 'irc' }),
};

export interface TestServer {
  request(method: string, path: string, options?: TestRequest): Promise<Response>;
  /** The log's lines so far, parsed. */
  readonly logs: JsonObject[];
  readonly signed: SignedRequest[];
  readonly clock: VirtualClock;
  metrics(): Promise<string>;
}

export interface TestRequest {
  readonly token?: string;
  readonly body?: BodyInit;
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
  readonly connection?: Partial<Connection>;
}

export function testServer(
  routes: readonly Route[],
  options: Partial<HttpHandlerOptions> & { readonly overrideOf?: OverrideOf } = {},
): TestServer {
  const clock = new VirtualClock();
  const metrics = createMetrics();
  const logs: JsonObject[] = [];
  const signed: SignedRequest[] = [];
  const { overrideOf = () => undefined, ...rest } = options;
  const handler = createHttpHandler({
    routes,
    authenticate: {
      async user(token) {
        const user = USERS[token];
        if (user === undefined) throw new MatrixError('M_UNKNOWN_TOKEN', 'Unknown token');
        return user;
      },
      appservice: async () => ({ appserviceId: 'irc' }),
      async server(request) {
        signed.push(request);
        return { origin: 'origin.test' as ServerName };
      },
    },
    rateLimits: createRateLimits({ limits: RATE_LIMIT_DEFAULTS, clock, overrideOf }),
    log: createLog({ level: 'debug', sink: { write: (line) => void logs.push(JSON.parse(line)) } }),
    metrics,
    clock,
    random: seededRandom('http'),
    ...rest,
  });
  return {
    logs,
    signed,
    clock,
    metrics: () => metrics.text(),
    request(method, path, { token, body, json, headers = {}, signal, connection = {} } = {}) {
      const sent = json === undefined ? body : JSON.stringify(json);
      const request = new Request(`http://server.test${path}`, {
        method,
        headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
        ...(sent === undefined ? {} : { body: sent }),
        ...(signal === undefined ? {} : { signal }),
      });
      return handler(request, { ip: '192.0.2.1', ...connection });
    },
  };
}

/** The status and error code of a response. */
export async function errorOf(response: Response): Promise<readonly [number, string]> {
  return [response.status, ((await response.json()) as { errcode: string }).errcode];
}
