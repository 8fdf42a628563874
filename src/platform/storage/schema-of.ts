import type { Reader, Storage } from './ports.ts';
import { statement } from './tables.ts';

const sqliteObjects = statement<{ sql: string }>(
  "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY tbl_name, type DESC, name",
);

/** The schema of an open database as text, the same for the same schema: tables, indexes, constraints, triggers, views. */
export async function schemaOf(storage: Pick<Storage, 'reader'>): Promise<string> {
  if (storage.reader.dialect === 'postgres') return postgresSchema(storage.reader);
  const objects = await storage.reader.all(sqliteObjects());
  return objects.map(({ sql }) => `${sql.trim()};\n`).join('\n');
}

interface Column {
  readonly tbl: string;
  readonly line: string;
}

const postgresColumns = statement<Column>(`
SELECT c.relname AS tbl,
       a.attname || ' ' || upper(format_type(a.atttypid, a.atttypmod)) ||
       CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation THEN ' COLLATE "' || l.collname || '"' ELSE '' END ||
       CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END ||
       CASE WHEN a.attgenerated = 's' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') STORED'
            WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END AS line
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
ORDER BY c.relname COLLATE "C", a.attnum`);

const postgresConstraints = statement<Column>(`
SELECT c.relname AS tbl, 'CONSTRAINT ' || k.conname || ' ' || pg_get_constraintdef(k.oid) AS line
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.connamespace = current_schema()::regnamespace AND k.contype <> 'n'
ORDER BY c.relname COLLATE "C", k.conname COLLATE "C"`);

const postgresOthers = statement<Column>(`
SELECT tbl, line FROM (
  SELECT i.tablename AS tbl, 1 AS rank, i.indexname AS name, replace(i.indexdef, ' ' || i.schemaname || '.', ' ') AS line
  FROM pg_indexes i
  WHERE i.schemaname = current_schema() AND NOT EXISTS (
    SELECT 1 FROM pg_constraint k WHERE k.connamespace = current_schema()::regnamespace AND k.conname = i.indexname)
  UNION ALL
  SELECT c.relname, 2, t.tgname, pg_get_triggerdef(t.oid)
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
  UNION ALL
  SELECT v.viewname, 3, v.viewname, 'CREATE VIEW ' || v.viewname || ' AS ' || v.definition
  FROM pg_views v WHERE v.schemaname = current_schema()
  UNION ALL
  SELECT p.proname, 4, p.proname, pg_get_functiondef(p.oid)
  FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind = 'f'
    AND NOT EXISTS (SELECT 1 FROM pg_depend x WHERE x.objid = p.oid AND x.deptype = 'e')
) AS objects
ORDER BY tbl COLLATE "C", rank, name COLLATE "C"`);

async function postgresSchema(reader: Reader): Promise<string> {
  const lines = new Map<string, string[]>();
  for (const { tbl, line } of [
    ...(await reader.all(postgresColumns())),
    ...(await reader.all(postgresConstraints())),
  ]) {
    const known = lines.get(tbl);
    if (known === undefined) lines.set(tbl, [line]);
    else known.push(line);
  }
  const parts = [...lines].map(([table, own]) => `CREATE TABLE ${table} (\n  ${own.join(',\n  ')}\n);\n`);
  for (const { line } of await reader.all(postgresOthers())) parts.push(`${line.trim().replace(/;$/, '')};\n`);
  return parts.join('\n');
}
