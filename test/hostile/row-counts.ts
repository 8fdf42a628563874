import { type Reader, statement } from '#platform/storage/index.ts';

const TABLES = {
  sqlite: `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`,
  postgres: `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename`,
};

/** The number of rows of every table but that which reserves numbers. */
export async function rowCounts(reader: Reader): Promise<Record<string, number>> {
  const tables = await reader.all(statement<{ name: string }>(TABLES[reader.dialect])());
  const counted = tables.filter(
    ({ name }) => name !== 'sequences' && !/_(?:data|idx|content|docsize|config)$/.test(name),
  );
  const counts = counted.map(({ name }) => `SELECT '${name}' AS name, count(*) AS rows FROM ${name}`);
  const rows = await reader.all(statement<{ name: string; rows: number }>(counts.join(' UNION ALL '))());
  return Object.fromEntries(rows.map(({ name, rows: count }) => [name, count]));
}
