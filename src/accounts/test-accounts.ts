/** For the tests of accounts and of the slices about them: real accounts on a real database, asked over HTTP without sockets. */
import type { Route } from '#api/endpoint.ts';
import { VirtualClock } from '#platform/clock/index.ts';
import { type Config, loadConfig } from '#platform/config/index.ts';
import { createHttpHandler, createRateLimits, type Page, type RateLimits } from '#platform/http/index.ts';
import { createLog } from '#platform/log/index.ts';
import { createMetrics } from '#platform/metrics/index.ts';
import { type Random, systemRandom } from '#platform/random/index.ts';
import type { Storage } from '#platform/storage/index.ts';
import { createStreams, type Streams } from '#platform/streams/index.ts';
import type { ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { AppserviceDirectory } from './appservices.ts';
import { type Accounts, createAccounts } from './create-accounts.ts';

export const SERVER_NAME = 'example.org' as ServerName;

export interface TestAccounts {
  readonly accounts: Accounts;
  readonly config: Config;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly storage: Storage;
  readonly streams: Streams;
  readonly rateLimits: RateLimits;
  /** Makes an account and logs it in: its user id and access token. */
  user(localpart: string, about?: TestUser): Promise<{ readonly userId: UserId; readonly token: string }>;
  /** A client of a server with these routes and pages. */
  client(routes: readonly Route[], pages?: readonly Page[]): TestClient;
}

export interface TestUser {
  readonly password?: string;
  readonly isAdmin?: boolean;
  readonly isGuest?: boolean;
  readonly deviceId?: string;
}

export interface TestRequest {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly ip?: string;
  readonly userAgent?: string;
}

export interface TestAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of an answer by comparing it.
  readonly body: any;
  readonly headers: Headers;
  /** `200`, or `403 M_FORBIDDEN`. */
  readonly verdict: string;
}

export type TestClient = (method: string, path: string, request?: TestRequest) => Promise<TestAnswer>;

const NO_LIMIT = { per_second: 1e6, burst_count: 1_000_000 };
const LENIENT: JsonObject = {
  rc_login: { address: NO_LIMIT, account: NO_LIMIT, failed_attempts: NO_LIMIT },
  rc_registration: NO_LIMIT,
  rc_registration_token_validity: NO_LIMIT,
  rc_3pid_validation: NO_LIMIT,
};

/** `overrides` have the shape of the configuration file. */
export function testAccounts(
  storage: Storage,
  overrides: JsonObject = {},
  appservices?: AppserviceDirectory,
): TestAccounts {
  const config = loadConfig({ overrides: { server_name: SERVER_NAME, ...LENIENT, ...overrides } });
  const clock = new VirtualClock();
  const random = systemRandom;
  const streams = createStreams({ storage, clock, joinedUsers: () => new Set<UserId>() });
  const rateLimits = createRateLimits({ limits: config.rateLimits.limits, clock });
  const log = createLog({ level: 'error' });
  const accounts = createAccounts({
    storage,
    streams,
    clock,
    random,
    log,
    rateLimits,
    config,
    ...(appservices === undefined ? {} : { appservices }),
  });
  return {
    accounts,
    config,
    clock,
    random,
    storage,
    streams,
    rateLimits,
    async user(localpart, { password, deviceId, ...about } = {}) {
      const userId = `@${localpart}:${SERVER_NAME}` as UserId;
      const passwordHash = password === undefined ? undefined : await accounts.passwords.hash(password);
      await accounts.lifecycle.create({ userId, passwordHash, ...about });
      const session = await accounts.sessions.start({ userId, deviceId: deviceId as never });
      return { userId, token: session.accessToken };
    },
    client(routes, pages = []) {
      const handle = createHttpHandler({
        routes,
        pages,
        authenticate: {
          user: (token, request, contract) => accounts.authenticator.user(token, request, contract),
          appservice: (token) => accounts.authenticator.appservice(token),
          server: () => Promise.reject(new Error('no other servers here')),
        },
        rateLimits,
        log,
        metrics: createMetrics(),
        clock,
        random,
      });
      return (method, path, sent = {}) => send(handle, method, path, sent);
    },
  };
}

async function send(
  handle: ReturnType<typeof createHttpHandler>,
  method: string,
  path: string,
  { token, body, ip = '10.0.0.1', userAgent = 'test' }: TestRequest,
): Promise<TestAnswer> {
  const request = new Request(`http://localhost${path}`, {
    method,
    headers: { 'user-agent': userAgent, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const response = await handle(request, { ip });
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  const answer = isJson ? await response.json() : await response.text();
  const errcode = isJson ? answer.errcode : undefined;
  const verdict = errcode === undefined ? `${response.status}` : `${response.status} ${errcode}`;
  return { status: response.status, body: answer, headers: response.headers, verdict };
}
