import { existsSync, readFileSync } from 'node:fs';
import type { Options, PostgresType } from 'postgres';

/** Connection arguments under the names that psycopg2 and libpq give them. */
export interface PostgresArguments {
  readonly user?: string;
  readonly password?: string;
  /** A name, an address, or the folder of a Unix socket. */
  readonly host?: string;
  readonly port?: number | string;
  readonly database?: string;
  readonly dbname?: string;
  readonly sslmode?: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** Paths of PEM files. */
  readonly sslrootcert?: string;
  readonly sslcert?: string;
  readonly sslkey?: string;
  /** Seconds. */
  readonly connect_timeout?: number | string;
  readonly application_name?: string;
  /** `-c name=value ...`, for the session. */
  readonly options?: string;
}

export interface PostgresConfig extends PostgresArguments {
  readonly engine: 'postgres';
  /** `postgres://user:password@host:port/database?sslmode=...`; what is given beside it goes before it. */
  readonly url?: string;
  /** Connections for reading, at most; 10 by default. One for writing comes on top. */
  readonly cp_max?: number;
  readonly cp_min?: number;
  /** Accepts a database whose locale is not C: its indexes break when the system's locale data change. */
  readonly allowUnsafeLocale?: boolean;
}

export type PostgresOptions = Options<Record<string, PostgresType>>;

const SOCKET_FOLDERS = ['/var/run/postgresql', '/tmp'];

/** The driver's options for a configuration. Reads the certificates that it names. */
export function connectionOptions(config: PostgresConfig): PostgresOptions {
  const given = { ...urlArguments(config.url), ...definedOf(config) };
  const port = Number(given.port ?? 5432);
  const host = given.host ?? defaultHost(port);
  const onSocket = host.startsWith('/');
  return {
    host,
    port,
    ...(onSocket ? { path: `${host}/.s.PGSQL.${port}` } : {}),
    ...(given.user === undefined ? {} : { user: given.user }),
    ...(given.password === undefined ? {} : { password: given.password }),
    ...databaseOf(given),
    ssl: onSocket ? false : sslOf(given),
    connect_timeout: Number(given.connect_timeout ?? 30),
    connection: {
      application_name: given.application_name ?? 'myelin',
      client_encoding: 'UTF8',
      ...(given.options === undefined ? {} : { options: given.options }),
    },
    fetch_types: false,
    onnotice: () => undefined,
    types: TYPES,
  };
}

function databaseOf(given: PostgresArguments): { database?: string } {
  const database = given.database ?? given.dbname;
  return database === undefined ? {} : { database };
}

function urlArguments(text: string | undefined): PostgresArguments {
  if (text === undefined) return {};
  const url = new URL(text);
  const database = decodeURIComponent(url.pathname.slice(1));
  return {
    ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.hostname === '' ? {} : { host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1') }),
    ...(url.port === '' ? {} : { port: url.port }),
    ...(database === '' ? {} : { database }),
    ...Object.fromEntries(url.searchParams),
  };
}

function definedOf(config: PostgresConfig): PostgresArguments {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined && value !== null));
}

/** As libpq: the local socket if there is one. */
function defaultHost(port: number): string {
  return SOCKET_FOLDERS.find((folder) => existsSync(`${folder}/.s.PGSQL.${port}`)) ?? 'localhost';
}

function sslOf(given: PostgresArguments): NonNullable<PostgresOptions['ssl']> {
  const mode = given.sslmode ?? 'prefer';
  if (mode === 'disable') return false;
  const files = {
    ...(given.sslrootcert === undefined ? {} : { ca: readFileSync(given.sslrootcert, 'utf8') }),
    ...(given.sslcert === undefined ? {} : { cert: readFileSync(given.sslcert, 'utf8') }),
    ...(given.sslkey === undefined ? {} : { key: readFileSync(given.sslkey, 'utf8') }),
  };
  if (mode === 'verify-full') return { ...files, rejectUnauthorized: true };
  if (mode === 'verify-ca') return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  // As libpq: `require` checks the certificate if there is something to check it by.
  if (mode === 'require' && given.sslrootcert !== undefined) {
    return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  }
  if (mode === 'require' && given.sslcert !== undefined) return { ...files, rejectUnauthorized: false };
  return mode;
}

const asText = (value: unknown): string => String(value);
const BYTES_PREFIX = 2;

/** Values as SQLite gives them: numbers for all numbers and truth values, text for JSON, plain bytes. */
const TYPES: Record<string, PostgresType> = {
  number: { to: 0, from: [21, 23, 26, 700, 701], serialize: asText, parse: Number },
  bigint: { to: 20, from: [20, 1700], serialize: asText, parse: Number },
  boolean: {
    to: 16,
    from: [16],
    serialize: (value: unknown) => (value === true || value === 1 ? 't' : 'f'),
    parse: (text: string) => (text === 't' ? 1 : 0),
  },
  json: { to: 114, from: [114, 3802], serialize: asText, parse: asText },
  bytea: {
    to: 17,
    from: [17],
    serialize: (bytes: Uint8Array) =>
      `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`,
    parse: (text: string) => new Uint8Array(Buffer.from(text.slice(BYTES_PREFIX), 'hex')),
  },
};
