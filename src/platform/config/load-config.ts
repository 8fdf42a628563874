import type { JsonObject } from '#protocol/json.ts';
import { readConfigFiles, readEnvironment, variableOf } from './files.ts';
import { nearest } from './nearest.ts';
import { ConfigError, Problems } from './problems.ts';
import { Reader } from './reader.ts';
import { type DatabaseConfig, readDatabase } from './sections/database.ts';
import { type ExperimentalConfig, readExperimental } from './sections/experimental.ts';
import {
  type AppservicesConfig,
  type EmailConfig,
  type LimitsConfig,
  type PresenceConfig,
  type PushConfig,
  readAppservices,
  readEmail,
  readLimits,
  readPresence,
  readPush,
  readTurn,
  readUserDirectory,
  type TurnConfig,
  type UserDirectoryConfig,
} from './sections/features.ts';
import {
  type FederationConfig,
  type KeysConfig,
  type OutboundConfig,
  PRIVATE_IP_RANGES,
  readFederation,
  readKeys,
  readOutbound,
} from './sections/federation.ts';
import { type ListenerConfig, readListeners, readTls, type TlsConfig } from './sections/listeners.ts';
import { type MediaConfig, readMedia } from './sections/media.ts';
import {
  type CacheConfig,
  type LogConfig,
  type MetricsConfig,
  readCaches,
  readLog,
  readMetrics,
} from './sections/observability.ts';
import { type RateLimitsConfig, readRateLimits } from './sections/rate-limits.ts';
import {
  type ConsentConfig,
  type PasswordConfig,
  type RegistrationConfig,
  readConsent,
  readPassword,
  readRegistration,
  readServerNotices,
  readSessions,
  type ServerNoticesConfig,
  type SessionsConfig,
} from './sections/registration.ts';
import { type RetentionConfig, type RoomsConfig, readRetention, readRooms } from './sections/rooms.ts';
import { readServer, type ServerConfig } from './sections/server.ts';
import { isSynapseKey, SYNAPSE_TOP_LEVEL_KEYS } from './synapse-keys.ts';

/** The whole configuration, frozen. Durations are in milliseconds, sizes in bytes, paths absolute. */
export interface Config {
  readonly server: ServerConfig;
  readonly listeners: readonly ListenerConfig[];
  readonly tls: TlsConfig;
  readonly database: DatabaseConfig;
  readonly log: LogConfig;
  readonly metrics: MetricsConfig;
  readonly caches: CacheConfig;
  readonly rateLimits: RateLimitsConfig;
  readonly media: MediaConfig;
  readonly registration: RegistrationConfig;
  readonly sessions: SessionsConfig;
  readonly password: PasswordConfig;
  readonly keys: KeysConfig;
  readonly federation: FederationConfig;
  readonly outbound: OutboundConfig;
  readonly rooms: RoomsConfig;
  readonly retention: RetentionConfig;
  readonly turn: TurnConfig;
  readonly userDirectory: UserDirectoryConfig;
  readonly presence: PresenceConfig;
  readonly push: PushConfig;
  readonly email: EmailConfig | undefined;
  readonly appservices: AppservicesConfig;
  readonly limits: LimitsConfig;
  readonly serverNotices: ServerNoticesConfig | undefined;
  readonly consent: ConsentConfig | undefined;
  readonly experimental: ExperimentalConfig;
  /** To be logged at start: keys of Synapse's that have no effect yet. */
  readonly warnings: readonly string[];
}

export interface ConfigSource {
  /** Files, or folders of `.yaml` files; later ones win. */
  readonly files?: readonly string[];
  /** `MYELIN_<KEY>` variables win over files. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** In the file's own shape; wins over all. */
  readonly overrides?: JsonObject;
  /** What relative paths are relative to. Default: the working directory. */
  readonly cwd?: string;
  /** Whether it must say which server it is for. Otherwise it is for `localhost`. */
  readonly needsServerName?: boolean;
}

/** Reads, checks and freezes the configuration. Throws `ConfigError` with every fault found. */
export function loadConfig(source: ConfigSource = {}): Config {
  const { files = [], env = {}, overrides = {}, cwd = process.cwd(), needsServerName = false } = source;
  const environment = readEnvironment(env);
  const values = { ...readConfigFiles(files), ...environment, ...overrides };
  const problems = new Problems();
  const reader = new Reader(values, '', problems, cwd);
  if (needsServerName && !reader.has('server_name')) {
    problems.error('server_name', 'is required: the part after the colon in user ids');
  }
  const config = readSections(reader);
  reportUnread(reader, problems, environment);
  if (problems.errors.length > 0) throw new ConfigError(problems.errors);
  return deepFreeze({ ...config, warnings: problems.warnings });
}

function readSections(reader: Reader): Omit<Config, 'warnings'> {
  const server = readServer(reader);
  const listeners = readListeners(reader);
  return {
    server,
    listeners,
    tls: readTls(reader, listeners),
    database: readDatabase(reader, server.dataDir),
    log: readLog(reader),
    metrics: readMetrics(reader),
    caches: readCaches(reader),
    rateLimits: readRateLimits(reader),
    media: readMedia(reader, server.dataDir, PRIVATE_IP_RANGES),
    registration: readRegistration(reader),
    sessions: readSessions(reader),
    password: readPassword(reader),
    keys: readKeys(reader, server.dataDir, server.serverName),
    federation: readFederation(reader),
    outbound: readOutbound(reader),
    rooms: readRooms(reader),
    retention: readRetention(reader),
    turn: readTurn(reader),
    userDirectory: readUserDirectory(reader),
    presence: readPresence(reader),
    push: readPush(reader),
    email: readEmail(reader),
    appservices: readAppservices(reader),
    limits: readLimits(reader),
    serverNotices: readServerNotices(reader),
    consent: readConsent(reader),
    experimental: readExperimental(reader),
  };
}

/** What does here what a key of Synapse's does there. */
const INSTEAD: Readonly<Record<string, string>> = {
  log_config: ': log, with level, format and levels, is what there is',
  event_cache_size: ': cache_budget is for all caches together',
  'caches.global_factor': ': cache_budget is for all caches together',
  'caches.per_cache_factors': ': cache_budget is for all caches together',
};

function reportUnread(reader: Reader, problems: Problems, environment: JsonObject): void {
  for (const path of reader.unread()) {
    if (isSynapseKey(path))
      problems.warn(path, `is a key of Synapse that has no effect here${INSTEAD[path] ?? ' yet'}`);
    // Others may set variables with our prefix: Kubernetes does for a service of our name.
    else if (Object.hasOwn(environment, path)) problems.warn(variableOf(path), 'is no known key and has no effect');
    else problems.error(path, `unknown key${suggestion(path, reader)}`);
  }
}

function suggestion(path: string, reader: Reader): string {
  if (path.includes('.')) return '';
  const meant = nearest(path, [...reader.asked(), ...SYNAPSE_TOP_LEVEL_KEYS]);
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
