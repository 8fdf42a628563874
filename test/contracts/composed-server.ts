/**
 * The whole server as `app/compose.ts` wires it, in this process: no socket, no rate limits, nothing in the background. What
 * it writes to its database and its log can be looked at between two requests.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CacheBudget } from '#platform/cache/index.ts';
import { systemClock } from '#platform/clock/index.ts';
import { loadConfig, RATE_LIMIT_DEFAULTS } from '#platform/config/index.ts';
import { createHttpHandler, createRateLimits } from '#platform/http/index.ts';
import { createJobs } from '#platform/jobs/index.ts';
import { createLog } from '#platform/log/index.ts';
import { createMetrics } from '#platform/metrics/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import {
  type GroupObservation,
  openStorage,
  type Storage,
  type StorageConfig,
  type Transactor,
} from '#platform/storage/index.ts';
import type { DeviceId, KeyId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { signingKeyFromSeed } from '#protocol/signing/index.ts';
import type { ReceivingPorts } from '#rooms/index.ts';
import { lowestCompatible, migrations } from '../../migrations/index.ts';
import { compose, type Parts } from '../../src/app/compose.ts';

export const SERVER_NAME = 'example.org';
const SEED = 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1';

export interface Sent {
  readonly token?: string | undefined;
  /** An object is sent as JSON; text, bytes and streams as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** What the text says, if it is a JSON object; empty otherwise. */
  readonly json: JsonObject;
}

export interface LoggedIn {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly token: string;
}

export interface ComposedServer extends AsyncDisposable {
  readonly parts: Parts;
  readonly storage: Storage;
  /** The texts of all statements that were committed, in order. */
  readonly writes: readonly string[];
  /** What was logged at level error or above. */
  readonly errors: readonly string[];
  send(method: string, target: string, sent?: Sent): Promise<Answer>;
  /** Makes an account without a password and logs it in. */
  user(localpart: string, about?: { readonly isAdmin?: boolean; readonly isGuest?: boolean }): Promise<LoggedIn>;
  /** Logs an account in once more. */
  logIn(userId: UserId): Promise<LoggedIn>;
}

const NO_LIMIT = { per_second: 1e6, burst_count: 1_000_000 };

/** Who looks on while the server reads and writes. */
export interface Onlooker {
  readonly watch: (storage: Storage) => Storage;
  readonly onGroup: (group: GroupObservation) => void;
}

/** `overrides` have the shape of the configuration file. */
export async function composedServer(
  database: StorageConfig,
  overrides: JsonObject = {},
  onlooker?: Onlooker,
  receiving?: ReceivingPorts,
): Promise<ComposedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'myelin-composed-'));
  const config = loadConfig({
    overrides: {
      server_name: SERVER_NAME,
      data_dir: folder,
      registration_shared_secret: 'only for tests',
      enable_registration: true,
      enable_registration_without_verification: true,
      trusted_key_servers: [],
      ...noRateLimits(),
      ...overrides,
    },
  });
  const errors: string[] = [];
  const writes: string[] = [];
  const log = createLog({ level: 'error', sink: { write: (line) => void errors.push(line) } });
  const [clock, random, metrics] = [systemClock, systemRandom, createMetrics()];
  const onGroup = onlooker?.onGroup ?? (() => undefined);
  const opened = await openStorage(database, { migrations, lowestCompatible, clock, onGroup });
  const storage = watched(onlooker === undefined ? opened : onlooker.watch(opened), writes);
  const rateLimits = createRateLimits({ limits: config.rateLimits.limits, clock });
  const jobs = createJobs({ clock, random, log, metrics });
  const signingKey = signingKeyFromSeed('ed25519:1' as KeyId, SEED);
  const caches = new CacheBudget(20_000_000);
  const parts = compose({
    config,
    storage,
    clock,
    random,
    log,
    metrics,
    caches,
    signingKey,
    jobs,
    rateLimits,
    receiving,
  });
  const { routes, authenticate, accounts } = parts;
  const handle = createHttpHandler({ routes, authenticate, rateLimits, log, metrics, clock, random });
  const logIn = async (userId: UserId): Promise<LoggedIn> => {
    const { accessToken, deviceId } = await accounts.sessions.start({ userId });
    return { userId, deviceId, token: accessToken };
  };
  return {
    parts,
    storage,
    writes,
    errors,
    logIn,
    async send(method, target, sent = {}) {
      return answerOf(await handle(requestOf(method, target, sent), { ip: '10.0.0.1' }));
    },
    async user(localpart, about = {}) {
      const userId = `@${localpart}:${SERVER_NAME}` as UserId;
      await accounts.lifecycle.create({ userId, passwordHash: undefined, ...about });
      return logIn(userId);
    },
    async [Symbol.asyncDispose]() {
      await jobs.stop();
      await parts.stop();
      await storage[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function noRateLimits(): JsonObject {
  const limits: Record<string, JsonObject> = {};
  for (const name of Object.keys(RATE_LIMIT_DEFAULTS)) {
    const [outer = '', inner] = name.split('.');
    limits[outer] = inner === undefined ? NO_LIMIT : { ...limits[outer], [inner]: NO_LIMIT };
  }
  return limits;
}

/** The same storage, noting the text of every statement that it commits. */
function watched(storage: Storage, writes: string[]): Storage {
  const transactor: Transactor = {
    async commit(build) {
      const texts: string[] = [];
      const value = await storage.transactor.commit((batch) =>
        build({
          add(query, expectRows) {
            texts.push('sql' in query ? query.sql : query.compile().sql);
            return batch.add(query, expectRows);
          },
        }),
      );
      writes.push(...texts);
      return value;
    },
  };
  return { ...storage, transactor };
}

function requestOf(method: string, target: string, { token, body, headers = {}, signal }: Sent): Request {
  return new Request(`http://localhost${target}`, {
    method,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    ...(body === undefined ? {} : { body: asBody(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
}

function asBody(body: unknown): BodyInit {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
  return isRaw ? (body as BodyInit) : JSON.stringify(body);
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
  const value: unknown = isJson && text !== '' ? JSON.parse(text) : {};
  const json = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  return { status: response.status, headers: response.headers, text, json };
}
