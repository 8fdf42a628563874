import { join } from 'node:path';
import type { StorageConfig } from '#platform/storage/index.ts';
import type { Reader } from '../reader.ts';

/** As `openStorage` takes it. */
export type DatabaseConfig = StorageConfig;

type PostgresArguments = Omit<Extract<StorageConfig, { engine: 'postgres' }>, 'engine'>;

/** Arguments of psycopg2, libpq and Synapse's connection pool that have no meaning for our driver. */
const IGNORED_ARGUMENTS = [
  'check_same_thread',
  'client_encoding',
  'cp_good_sql',
  'cp_noisy',
  'cp_openfun',
  'cp_reconnect',
  'fallback_application_name',
  'gssencmode',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'passfile',
  'sslcompression',
  'sslcrl',
  'sslsni',
  'target_session_attrs',
  'tcp_user_timeout',
];

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

export function readDatabase(reader: Reader, dataDir: string): DatabaseConfig {
  const database = databaseSection(reader);
  const name = database.choice('name', ['sqlite3', 'psycopg2'], 'sqlite3');
  database.integer('txn_limit', 0);
  const allowUnsafeLocale = database.boolean('allow_unsafe_locale', false);
  const args = database.section('args');
  for (const ignored of IGNORED_ARGUMENTS) args.raw(ignored);
  if (name === 'sqlite3') return { engine: 'sqlite', path: sqlitePath(args, dataDir) };
  return { engine: 'postgres', allowUnsafeLocale, ...readPostgres(args) };
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

function sqlitePath(args: Reader, dataDir: string): string {
  for (const ignored of ['cp_min', 'cp_max']) args.raw(ignored);
  if (args.optionalString('database') === ':memory:') {
    args.problems.error(`${args.prefix}database`, 'must be a file: a database in memory would not survive a restart');
  }
  return args.optionalPath('database') ?? join(dataDir, 'homeserver.db');
}

function readPostgres(args: Reader): PostgresArguments {
  const dsn = args.optionalString('dsn');
  const isUrl = dsn !== undefined && /^postgres(ql)?:\/\//.test(dsn);
  return {
    ...(dsn === undefined ? {} : isUrl ? { url: dsn } : parseWords(dsn)),
    ...given('user', args.optionalString('user')),
    ...given('password', args.secret('password')),
    ...given('host', args.optionalString('host')),
    ...given('port', args.optionalInteger('port', { min: 1, max: 65535 })),
    ...given('database', args.optionalString('database') ?? args.optionalString('dbname')),
    ...(args.has('sslmode') ? { sslmode: args.choice('sslmode', SSL_MODES, 'prefer') } : {}),
    ...given('sslrootcert', args.optionalPath('sslrootcert')),
    ...given('sslcert', args.optionalPath('sslcert')),
    ...given('sslkey', args.optionalPath('sslkey')),
    ...given('connect_timeout', args.optionalInteger('connect_timeout')),
    ...given('application_name', args.optionalString('application_name')),
    ...given('options', args.optionalString('options')),
    ...given('cp_min', args.optionalInteger('cp_min')),
    ...given('cp_max', args.optionalInteger('cp_max', { min: 1 })),
  };
}

/** A key with its value, or nothing: the driver takes `undefined` for a value. */
function given<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: V });
}

/** libpq's `key=value key='other value'`. */
function parseWords(dsn: string): PostgresArguments {
  return Object.fromEntries([...dsn.matchAll(/(\w+)\s*=\s*(?:'([^']*)'|(\S+))/g)].map((m) => [m[1], m[2] ?? m[3]]));
}
