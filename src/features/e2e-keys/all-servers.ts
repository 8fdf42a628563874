import { MatrixError } from '#protocol/errors.ts';
import { type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { ClaimedKeys, ClaimKeys, ClaimRequest } from './claim-keys.ts';
import type { QueryAnswer, QueryRequest, RemoteKeys } from './ports.ts';
import type { QueryKeys } from './query-keys.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
const TIMEOUT_MAX_MS = 60_000;

/** By server name. */
type Failures = Record<string, JsonObject>;

/** The keys of users here and elsewhere: asks every server concerned, and tells which did not answer. */
export class AllServersKeys {
  constructor(
    private readonly serverName: ServerName,
    private readonly localQuery: QueryKeys,
    private readonly localClaim: ClaimKeys,
    private readonly remote: RemoteKeys | undefined,
  ) {}

  async query(
    request: QueryRequest,
    viewer: UserId,
    timeoutMs?: number,
  ): Promise<QueryAnswer & { failures: Failures }> {
    const failures: Failures = {};
    const [answer, ...others] = await Promise.all([
      this.localQuery.query(this.#local(request), viewer),
      ...this.#elsewhere(request, failures, (remote, server, part) => remote.query(server, part, bounded(timeoutMs))),
    ]);
    for (const { part, given } of others) {
      adopt(part, given?.device_keys, answer.device_keys);
      adopt(part, given?.master_keys, answer.master_keys);
      adopt(part, given?.self_signing_keys, answer.self_signing_keys);
    }
    return { ...answer, failures };
  }

  async claim(request: ClaimRequest, timeoutMs?: number): Promise<{ one_time_keys: ClaimedKeys; failures: Failures }> {
    const failures: Failures = {};
    const [claimed, ...others] = await Promise.all([
      this.localClaim.claim(this.#local(request)),
      ...this.#elsewhere(request, failures, (remote, server, part) => remote.claim(server, part, bounded(timeoutMs))),
    ]);
    for (const { part, given } of others) adopt(part, given, claimed);
    return { one_time_keys: claimed, failures };
  }

  #local<T>(request: ReadonlyMap<UserId, T>): Map<UserId, T> {
    return new Map([...request].filter(([userId]) => serverNameOf(userId) === this.serverName));
  }

  #elsewhere<T, A>(
    request: ReadonlyMap<UserId, T>,
    failures: Failures,
    ask: (remote: RemoteKeys, server: ServerName, part: Map<UserId, T>) => Promise<A>,
  ): Promise<{ part: Map<UserId, T>; given: A | undefined }>[] {
    const parts = new Map<ServerName, Map<UserId, T>>();
    for (const [userId, value] of request) {
      const server = serverNameOf(userId);
      if (server === this.serverName) continue;
      const part = parts.get(server) ?? new Map<UserId, T>();
      parts.set(server, part.set(userId, value));
    }
    return [...parts].map(async ([server, part]) => {
      try {
        if (this.remote === undefined) throw new Error('no federation');
        return { part, given: await ask(this.remote, server, part) };
      } catch (error) {
        failures[server] = failure(error);
        return { part, given: undefined };
      }
    });
  }
}

/** Takes from another server's answer what was asked of it, and nothing about anybody else. */
function adopt<T, V>(
  part: ReadonlyMap<UserId, T>,
  given: Record<string, V> | undefined,
  into: Record<string, V>,
): void {
  for (const userId of part.keys()) {
    const value = given !== undefined && Object.hasOwn(given, userId) ? given[userId] : undefined;
    if (value !== undefined) into[userId] = value;
  }
}

function bounded(timeoutMs = DEFAULT_TIMEOUT_MS): number {
  return Math.min(timeoutMs, TIMEOUT_MAX_MS);
}

function failure(error: unknown): JsonObject {
  if (error instanceof MatrixError) return { status: error.status, ...error.body() };
  return { status: 503, errcode: 'M_UNKNOWN', error: 'The server cannot be reached' };
}
