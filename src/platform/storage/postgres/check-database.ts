import type { Sql } from 'postgres';
import { systemClock } from '#platform/clock/index.ts';

const LOWEST_VERSION = 140_000;

/** Refuses a database that would not keep the server's data as they are; the message tells the operator what to do. */
export async function checkDatabase(sql: Sql, allowUnsafeLocale: boolean): Promise<void> {
  const rows = await sql.unsafe(`
    SELECT current_setting('server_encoding') AS encoding, current_setting('server_version_num')::int AS version,
           datcollate AS collate, datctype AS ctype, to_jsonb(d) ->> 'datlocprovider' AS provider
    FROM pg_database d WHERE datname = current_database()`);
  const row = rows[0];
  if (row === undefined) throw new Error('the database does not describe itself');
  if (row.version < LOWEST_VERSION) throw new Error('PostgreSQL 14 or later is needed');
  if (row.encoding !== 'UTF8') {
    throw new Error(
      `the database's encoding is ${row.encoding} and must be UTF8: make it with ENCODING 'UTF8' TEMPLATE template0`,
    );
  }
  const isBytewise = row.provider === 'b' || (isPlain(row.collate) && isPlain(row.ctype) && row.provider !== 'i');
  if (isBytewise || allowUnsafeLocale) return;
  throw new Error(
    `the database's locale is ${row.collate} and must be C: make it with LOCALE 'C' TEMPLATE template0. With another one ` +
      'its indexes break when the system is upgraded. Set allow_unsafe_locale to use it all the same.',
  );
}

function isPlain(locale: unknown): boolean {
  return locale === 'C' || locale === 'POSIX';
}

/** `myelin`, as two numbers. */
const LOCK = '1836213612, 1768846848';
/** A server that has just been killed may hold the lock until the database notices. */
const ATTEMPTS = 10;
const ATTEMPT_DELAY_MS = 50;

/**
 * Takes the lock that one server holds on its database for as long as the connection lives. Throws when another server
 * has it.
 */
export async function takeLock(sql: Pick<Sql, 'unsafe'>): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await systemClock.sleep(ATTEMPT_DELAY_MS);
    const rows = await sql.unsafe(`SELECT pg_try_advisory_lock(${LOCK}) AS taken`);
    if (rows[0]?.taken === 1) return;
  }
  throw new Error('the database is in use by another server');
}
