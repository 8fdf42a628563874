import { expect, test } from 'bun:test';
import { connectionOptions } from './connection-options.ts';

test('psycopg2 arguments reach the driver', () => {
  const options = connectionOptions({
    engine: 'postgres',
    user: 'synapse',
    password: 'p@ss',
    host: 'db.example.org',
    port: '5433',
    dbname: 'matrix',
    sslmode: 'disable',
    cp_min: 5,
    cp_max: 20,
  });
  expect(options).toMatchObject({
    user: 'synapse',
    password: 'p@ss',
    host: 'db.example.org',
    port: 5433,
    database: 'matrix',
    ssl: false,
  });
});

test('a URL is taken apart, and what is given beside it goes before it', () => {
  const url = 'postgres://al%40ice:se%2Fcret@[::1]:5999/my%20db?sslmode=require&application_name=test';
  const options = connectionOptions({ engine: 'postgres', url, database: 'other' });
  expect(options).toMatchObject({
    user: 'al@ice',
    password: 'se/cret',
    host: '::1',
    port: 5999,
    database: 'other',
    ssl: 'require',
  });
  expect(options.connection).toMatchObject({ application_name: 'test' });
});

test('a folder as host is a Unix socket', () => {
  const options = connectionOptions({ engine: 'postgres', host: '/var/run/pg', port: 5433, sslmode: 'require' });
  expect(options).toMatchObject({ path: '/var/run/pg/.s.PGSQL.5433', ssl: false });
});

test('each sslmode checks as much as libpq does', () => {
  const ssl = (sslmode: 'prefer' | 'verify-ca' | 'verify-full' | 'allow') =>
    connectionOptions({ engine: 'postgres', host: 'db', sslmode }).ssl;
  expect(ssl('prefer')).toBe('prefer');
  expect(ssl('allow')).toBe('allow');
  expect(ssl('verify-ca')).toMatchObject({ rejectUnauthorized: true, checkServerIdentity: expect.any(Function) });
  expect(ssl('verify-full')).toEqual({ rejectUnauthorized: true });
});
