import { mkdirSync } from 'node:fs';
import { CacheBudget } from '#platform/cache/index.ts';
import { systemClock } from '#platform/clock/index.ts';
import type { Config } from '#platform/config/index.ts';
import { createHttpHandler, createRateLimits } from '#platform/http/index.ts';
import { createJobs } from '#platform/jobs/index.ts';
import { createLog } from '#platform/log/index.ts';
import { createMetrics, measureRuntime } from '#platform/metrics/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import { type HttpServer, listen } from '#platform/runtime/http-server.ts';
import { compose } from './compose.ts';
import { measureProcess, measureStorage } from './measure.ts';
import { openDatabase } from './open-database.ts';
import { type Operations, operationsSocket, serveOperations } from './operations.ts';
import { pages } from './pages/index.ts';
import { loadSigningKey } from './signing-key.ts';
import { VERSION } from './version.ts';
import { warnWithoutEffect } from './without-effect.ts';

export interface ServerOptions {
  /** Say nothing but warnings: for commands that do one thing and end. */
  readonly quiet?: boolean;
}

/** A server with its database open; it answers nobody before `listen`. */
export interface Server extends AsyncDisposable {
  readonly operations: Operations;
  /** Abort it to have long polls answered early. */
  readonly stopping: AbortController;
  /** Opens the listeners and starts what runs in the background. */
  listen(): Promise<HttpServer>;
  hasUsers(): Promise<boolean>;
}

/** Opens database and keys, and wires the server. Throws, with a message for the operator, what keeps it from starting. */
export async function openServer(config: Config, { quiet = false }: ServerOptions = {}): Promise<Server> {
  const clock = systemClock;
  const random = systemRandom;
  const log = createLog({
    level: quiet ? 'warn' : config.log.level,
    format: config.log.format,
    levels: config.log.levels,
  });
  for (const warning of quiet ? [] : [...config.warnings, ...warnWithoutEffect(config)])
    log.warn('config.warning', { warning });
  const metrics = createMetrics();
  measureRuntime({ metrics, clock, version: VERSION });
  const { dataDir } = config.server;
  makeDataFolder(dataDir);
  const signingKey = loadSigningKey(config.keys.signingKeyPath, random);
  const caches = new CacheBudget(config.caches.budgetBytes);
  const storage = await openDatabase(config.database, {
    clock,
    log: log.part('storage'),
    onGroup: measureStorage(metrics),
  });
  const jobs = createJobs({ clock, random, log, metrics });
  const stopping = new AbortController();
  const rateLimits = createRateLimits({ limits: config.rateLimits.limits, clock });
  const parts = compose({ config, storage, clock, random, log, metrics, caches, signingKey, jobs, rateLimits });
  measureProcess(metrics, { caches, hotRooms: () => parts.rooms.engine.hotCount });
  const handler = createHttpHandler({
    routes: parts.routes,
    pages: [...pages({ config, metrics, clock, storage, hasUsers: parts.hasUsers }), ...parts.pages],
    authenticate: parts.authenticate,
    rateLimits,
    log: log.part('http'),
    metrics,
    clock,
    random,
    stopping: stopping.signal,
  });
  const closers: (() => Promise<unknown>)[] = [];
  return {
    operations: parts.operations,
    stopping,
    hasUsers: parts.hasUsers,
    async listen() {
      const server = await listen({
        listeners: config.listeners,
        tls: config.tls,
        handler,
        log: log.part('http'),
        clock,
      });
      const path = operationsSocket(dataDir);
      const socket = await serveOperations(path, parts.operations).catch((error: Error) =>
        // The command line then cannot reach this server while it runs; everybody else can.
        log.warn('operations.no_socket', { path, reason: error.message }),
      );
      if (socket !== undefined) closers.push(async () => socket[Symbol.asyncDispose]());
      parts.start();
      return server;
    },
    async [Symbol.asyncDispose]() {
      for (const close of closers) await close();
      await jobs.stop();
      await parts.stop();
      await storage[Symbol.asyncDispose]();
    },
  };
}

function makeDataFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    throw new Error(code === 'EEXIST' ? `data_dir: ${path} is no folder` : `data_dir: cannot be made: ${message}`);
  }
}
