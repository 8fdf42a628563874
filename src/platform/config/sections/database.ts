import { join } from 'node:path';
import type { JsonObject } from '#protocol/json.ts';
import type { Reader } from '../reader.ts';

export type DatabaseConfig = SqliteConfig | PostgresConfig;

export interface SqliteConfig {
  readonly engine: 'sqlite';
  /** Absolute path of the database file, or `:memory:`. */
  readonly path: string;
}

export interface PostgresConfig {
  readonly engine: 'postgres';
  /** A host name, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  /** libpq's words. */
  readonly sslMode: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  readonly sslRootCertPath: string | undefined;
  readonly sslCertPath: string | undefined;
  readonly sslKeyPath: string | undefined;
  readonly minConnections: number;
  readonly maxConnections: number;
  readonly statementTimeoutMs: number;
}

/** What libpq accepts besides, and has no meaning for our driver. */
const OTHER_LIBPQ_ARGUMENTS = [
  'application_name',
  'connect_timeout',
  'client_encoding',
  'cp_reconnect',
  'cp_noisy',
  'cp_openfun',
  'cp_good_sql',
  'fallback_application_name',
  'gssencmode',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'options',
  'passfile',
  'sslcompression',
  'sslcrl',
  'sslsni',
  'target_session_attrs',
  'tcp_user_timeout',
];

export function readDatabase(reader: Reader, dataDir: string): DatabaseConfig {
  const database = databaseSection(reader);
  const name = database.choice('name', ['sqlite3', 'psycopg2'], 'sqlite3');
  database.integer('txn_limit', 0);
  database.boolean('allow_unsafe_locale', false);
  const args = database.section('args');
  return name === 'psycopg2'
    ? readPostgres(args, database.duration('statement_timeout', 600_000))
    : readSqlite(args, dataDir);
}

/** Synapse can spread its tables over several `databases`; with one entry that is the same as `database`. */
function databaseSection(reader: Reader): Reader {
  const several = reader.object('databases');
  if (several === undefined) return reader.section('database');
  const names = Object.keys(several);
  if (reader.has('database')) reader.problems.error('databases', 'stands beside database; keep one of them');
  if (names.length !== 1) reader.problems.error('databases', 'must have exactly one entry: tables cannot be spread');
  const only = reader.section('databases').section(names[0] ?? 'master');
  only.raw('data_stores');
  return only;
}

function readSqlite(args: Reader, dataDir: string): SqliteConfig {
  for (const ignored of ['cp_min', 'cp_max', 'check_same_thread']) args.raw(ignored);
  const file = args.optionalString('database');
  return {
    engine: 'sqlite',
    path: file === ':memory:' ? file : (args.optionalPath('database') ?? join(dataDir, 'homeserver.db')),
  };
}

function readPostgres(args: Reader, statementTimeoutMs: number): PostgresConfig {
  for (const ignored of OTHER_LIBPQ_ARGUMENTS) args.raw(ignored);
  const dsn = parseDsn(args.optionalString('dsn'));
  const text = (key: string): string | undefined => args.optionalString(key) ?? (dsn[key] as string | undefined);
  return {
    engine: 'postgres',
    host: text('host') ?? 'localhost',
    port: args.integer('port', Number(dsn.port ?? 5432), { min: 1, max: 65535 }),
    user: text('user'),
    password: args.secret('password') ?? text('password'),
    database: text('database') ?? text('dbname'),
    sslMode: args.choice(
      'sslmode',
      ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
      (dsn.sslmode as PostgresConfig['sslMode']) ?? 'prefer',
    ),
    sslRootCertPath: args.optionalPath('sslrootcert'),
    sslCertPath: args.optionalPath('sslcert'),
    sslKeyPath: args.optionalPath('sslkey'),
    minConnections: args.integer('cp_min', 3),
    maxConnections: args.integer('cp_max', 10, { min: 1 }),
    statementTimeoutMs,
  };
}

/** A connection URL, or libpq's `key=value` words. */
function parseDsn(dsn: string | undefined): JsonObject {
  if (dsn === undefined) return {};
  if (/^postgres(ql)?:\/\//.test(dsn) && URL.canParse(dsn)) {
    const url = new URL(dsn);
    const given = {
      host: url.hostname,
      port: url.port,
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      dbname: decodeURIComponent(url.pathname.slice(1)),
      ...Object.fromEntries(url.searchParams),
    };
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  }
  return Object.fromEntries([...dsn.matchAll(/(\w+)\s*=\s*(?:'([^']*)'|(\S+))/g)].map((m) => [m[1], m[2] ?? m[3]]));
}
