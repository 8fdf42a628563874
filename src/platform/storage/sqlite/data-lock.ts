import { openSqlite, sqliteErrorCode } from '#platform/runtime/sqlite.ts';

/**
 * Locks `<path>.lock` until released or until the process ends, however it ends: the lock is the kernel's, so there is
 * nothing stale to clean up after a crash. Throws when another process, or this one, already holds it.
 */
export function lockDatabase(path: string): () => void {
  const lock = openSqlite(`${path}.lock`);
  try {
    lock.execute('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (sqliteErrorCode(error)?.startsWith('SQLITE_BUSY')) {
      throw new Error(`the database ${path} is in use: another server is running on this data folder`);
    }
    throw error;
  }
  return () => lock.close();
}
