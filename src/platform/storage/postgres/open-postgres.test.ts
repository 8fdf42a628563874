import { afterEach, expect, test } from 'bun:test';
import { systemClock } from '#platform/clock/index.ts';
import { testPostgres } from '#test/postgres.ts';
import { administer, failureOf } from '#test/storage.ts';
import { openStorage, type PostgresConfig } from '../index.ts';

const NAME = `myelin_unsuitable_${process.pid}`;
const open = async (config: Partial<PostgresConfig>) =>
  openStorage({ ...(await testPostgres()), ...config }, { clock: systemClock, migrations: [] });

afterEach(() => administer(`DROP DATABASE IF EXISTS ${NAME} WITH (FORCE)`));

async function refusalOf(config: Partial<PostgresConfig>): Promise<string> {
  const error = await failureOf(open(config));
  return error instanceof Error ? error.message : '';
}

test('a database that is not in UTF-8 is refused', async () => {
  await administer(`CREATE DATABASE ${NAME} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'`);
  expect(await refusalOf({ database: NAME })).toContain('UTF8');
  expect(await refusalOf({ database: NAME, allowUnsafeLocale: true })).toContain('UTF8');
});

test('a database of another locale than C is refused, unless that is allowed', async () => {
  await administer(
    `CREATE DATABASE ${NAME} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'`,
  );
  expect(await refusalOf({ database: NAME })).toContain('allow_unsafe_locale');
  const storage = await open({ database: NAME, allowUnsafeLocale: true });
  await storage[Symbol.asyncDispose]();
});

test('a server that cannot be reached, and a database that does not exist, are told apart', async () => {
  expect(await refusalOf({ url: 'postgres://nobody@127.0.0.1:1/nothing' })).toContain('127.0.0.1');
  expect(await refusalOf({ database: 'does_not_exist' })).toContain('does_not_exist');
});
