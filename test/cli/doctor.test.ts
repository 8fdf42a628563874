import { Database } from 'bun:sqlite';
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { certificateOne, certificateTwo } from '#platform/runtime/testing-certificates.ts';
import { startPostgres } from '#test/postgres.ts';
import { cleanUp, configuredFolder, type Ended, emptyFolder, freePort, myelin, serve, stop } from './program.ts';

setDefaultTimeout(60_000);
afterAll(cleanUp);

const doctor = (cwd: string, env: Record<string, string> = {}): Promise<Ended> => myelin(['doctor'], { cwd, env });

/** A server that has run once. */
async function usedFolder(more = ''): Promise<{ folder: string; port: number }> {
  const made = await configuredFolder(more);
  await stop(await serve(made.folder));
  return made;
}

/** The one line about a subject. */
function about(what: string, { out }: Ended): string {
  const lines = out.split('\n').filter((line) => line.slice(7).startsWith(`${what}:`));
  if (lines.length !== 1) throw new Error(`${lines.length} lines about ${what} in:\n${out}`);
  return lines[0]!;
}

function expectFault(said: Ended, what: string, detail: string): void {
  expect(about(what, said)).toStartWith('FAULT');
  expect(about(what, said)).toContain(detail);
  expect(said.out).toEndWith('1 to mend\n');
  expect(said.code).toBe(1);
}

test.concurrent('before the first start nothing stands in the way, and nothing is made', async () => {
  const cwd = emptyFolder();
  const port = await freePort();
  const said = await doctor(cwd, { MYELIN_LISTENERS: `[{ port: ${port}, bind_addresses: ['127.0.0.1'] }]` });
  expect(said.out).toEndWith('nothing stands in the way\n');
  expect(said.code).toBe(0);
  expect(about('database', said)).toContain('to be filled at the first start');
  expect(await Array.fromAsync(new Bun.Glob('**').scan({ cwd, onlyFiles: false }))).toEqual([]);
});

test.concurrent('a stopped server in good health has no faults', async () => {
  const { folder, port } = await usedFolder();
  const said = await doctor(folder);
  expect(said.out).not.toContain('FAULT');
  expect(said.code).toBe(0);
  expect(about('server', said)).toContain('it is not running');
  expect(about('signing key', said)).toMatch(/ed25519:a_\w{4} in /);
  expect(about('database', said)).toContain('schema current');
  expect(about(`port ${port} on 127.0.0.1`, said)).toContain('free');
  expect(about('well-known', said)).toContain('not needed for localhost');
});

test.concurrent('a running server in good health has no faults', async () => {
  const { folder, port } = await configuredFolder();
  const server = await serve(folder);
  const said = await doctor(folder);
  await stop(server);
  expect(said.out).toEndWith('nothing stands in the way\n');
  expect(about('server', said)).toContain('it is running');
  expect(about('database', said)).toContain('in use by the running server');
  expect(about(`port ${port} on 127.0.0.1`, said)).toContain('the running server has it');
});

test.concurrent('faults of the configuration are named, each in its line', async () => {
  const { folder } = await configuredFolder('max_uplod_size: 5M\nenable_registration: perhaps');
  const said = await doctor(folder);
  expect(said.code).toBe(1);
  expect(said.out).toContain('FAULT  configuration: max_uplod_size: unknown key; did you mean max_upload_size?\n');
  expect(said.out).toContain('FAULT  configuration: enable_registration: must be true or false\n');
  expect(said.out).toEndWith('2 to mend\n');
});

test.concurrent('a file that is no YAML, or is not there, is a fault', async () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'homeserver.yaml'), 'server_name: [\n');
  expect((await doctor(cwd)).out).toContain('FAULT  configuration: homeserver.yaml: ');
  const said = await myelin(['doctor', '-c', 'other.yaml'], { cwd });
  expect(said.code).toBe(1);
  expect(said.out).toContain('FAULT  configuration: there is no other.yaml');
});

test.concurrent('keys without effect are noted, and no fault', async () => {
  const { folder } = await configuredFolder('redis: { enabled: true }\nenable_ephemeral_messages: true');
  const said = await doctor(folder);
  expect(said.code).toBe(0);
  expect(said.out).toContain('note   configuration: redis: is a key of Synapse that has no effect here yet\n');
  expect(said.out).toContain('note   configuration: enable_ephemeral_messages: is accepted and has no effect yet\n');
});

test.concurrent('a port that another program has is a fault', async () => {
  const { folder, port } = await configuredFolder();
  const other = Bun.serve({ port, hostname: '127.0.0.1', fetch: () => new Response() });
  const said = await doctor(folder);
  await other.stop(true);
  expectFault(said, `port ${port} on 127.0.0.1`, 'another program has it');
});

test.concurrent('an address that the machine does not have is a fault', async () => {
  const { folder } = await configuredFolder();
  const said = await doctor(folder, { MYELIN_LISTENERS: "[{ port: 8008, bind_addresses: ['192.0.2.1'] }]" });
  expectFault(said, 'port 8008 on 192.0.2.1', 'this machine has no such address');
});

test.concurrent('a signing key that others can read is a fault', async () => {
  const { folder } = await configuredFolder();
  chmodSync(join(folder, 'data/localhost.signing.key'), 0o644);
  expectFault(await doctor(folder), 'signing key', 'chmod 600 it');
});

test.concurrent('a signing key file that holds no key is a fault, and its content is not shown', async () => {
  const { folder } = await configuredFolder();
  writeFileSync(join(folder, 'data/localhost.signing.key'), 'ed25519 a_1 not!a!seed\n');
  const said = await doctor(folder);
  expect(about('signing key', said)).toStartWith('FAULT');
  expect(said.out).not.toContain('not!a!seed');
});

test.concurrent('a data folder that others can look into is worth a note', async () => {
  const { folder } = await configuredFolder();
  chmodSync(join(folder, 'data'), 0o755);
  const said = await doctor(folder);
  expect(about('data folder', said)).toMatch(/^note .*chmod 700 it$/);
  expect(said.code).toBe(0);
});

test.concurrent('a database that another process has locked is a fault', async () => {
  const { folder } = await usedFolder();
  const lock = new Database(join(folder, 'data/homeserver.db.lock'));
  lock.run('BEGIN EXCLUSIVE');
  const said = await doctor(folder);
  lock.close();
  expectFault(said, 'database', 'in use: another server is running on this data folder');
});

test.concurrent('a database that a program of another kind is writing to is a fault', async () => {
  const { folder } = await usedFolder();
  const other = new Database(join(folder, 'data/homeserver.db'));
  other.run('BEGIN IMMEDIATE');
  const said = await doctor(folder);
  other.close();
  expectFault(said, 'database', 'another program is writing to it');
  expect(said.out).toContain(join(folder, 'data/homeserver.db'));
});

test.concurrent('a data folder that is a file is a fault, for the start as well', async () => {
  const folder = emptyFolder();
  writeFileSync(join(folder, 'file'), '');
  const env = { MYELIN_SERVER_NAME: 'localhost', MYELIN_DATA_DIR: 'file', MYELIN_LISTENERS: '[{ path: s }]' };
  expect(about('data folder', await doctor(folder, env))).toMatch(/^FAULT .*file is no folder/);
  const start = await myelin(['serve'], { cwd: folder, env });
  expect(start.code).toBe(1);
  expect(start.err).toMatch(/data_dir: .*file is no folder\n/);
});

test.concurrent('a file that is no database is a fault, and left as it is', async () => {
  const { folder } = await configuredFolder();
  const path = join(folder, 'data/homeserver.db');
  const text = 'Dear Sir or Madam, '.repeat(1000);
  writeFileSync(path, text);
  expectFault(await doctor(folder), 'database', 'not a database');
  expect(readFileSync(path, 'utf8')).toBe(text);
});

function editSchema(folder: string, edit: (database: Database) => void): void {
  const database = new Database(join(folder, 'data/homeserver.db'));
  edit(database);
  database.close();
}

test.concurrent('a schema that only a newer server can use is a fault', async () => {
  const { folder } = await usedFolder();
  editSchema(folder, (db) => db.run('UPDATE schema_info SET version = 1000, lowest_compatible = 999'));
  expectFault(await doctor(folder), 'database', 'a newer server made its schema (1000 steps');
});

test.concurrent('a newer schema that this server may use is told, and no fault', async () => {
  const { folder } = await usedFolder();
  editSchema(folder, (db) => db.run('UPDATE schema_info SET version = 1000'));
  const said = await doctor(folder);
  expect(about('database', said)).toContain('the schema has 1000 steps, made by a newer server');
  expect(said.code).toBe(0);
});

test.concurrent('an older schema is told, and not changed', async () => {
  const { folder } = await usedFolder();
  editSchema(folder, (db) => db.run('UPDATE schema_info SET version = 3'));
  const said = await doctor(folder);
  expect(about('database', said)).toMatch(/the schema has 3 of \d+ steps; the next start adds the rest/);
  editSchema(folder, (db) => expect(db.query('SELECT version FROM schema_info').get()).toEqual({ version: 3 }));
});

test.concurrent('a certificate is read: its key must fit, and it must be good', async () => {
  const folder = emptyFolder();
  writeFileSync(join(folder, 'cert.pem'), certificateOne.certificate);
  writeFileSync(join(folder, 'key.pem'), certificateOne.key);
  writeFileSync(join(folder, 'other.pem'), certificateTwo.key);
  const env = (key: string) => ({
    MYELIN_SERVER_NAME: 'localhost',
    MYELIN_TLS_CERTIFICATE_PATH: 'cert.pem',
    MYELIN_TLS_PRIVATE_KEY_PATH: key,
    MYELIN_LISTENERS: "[{ port: 0, tls: true, bind_addresses: ['127.0.0.1'] }]",
  });
  expect(about('certificate', await doctor(folder, env('key.pem')))).toMatch(/^ok .*good until/);
  const wrong = env('other.pem');
  const fault = 'other.pem is not the key of the certificate';
  expect(about('certificate', await doctor(folder, wrong))).toMatch(new RegExp(`^FAULT .*${fault}`));
  expect((await myelin(['serve'], { cwd: folder, env: wrong })).err).toContain(fault);
  expect(about('certificate', await doctor(folder, env('none.pem')))).toContain('none.pem (ENOENT)');
  writeFileSync(join(folder, 'none.pem'), 'no key');
  expect(about('certificate', await doctor(folder, env('none.pem')))).toContain('none.pem is no private key');
  const elsewhere = { ...env('key.pem'), MYELIN_PUBLIC_BASEURL: 'https://matrix.nowhere.invalid/' };
  expect(about('certificate', await doctor(folder, elsewhere))).toMatch(/^note .*is not for matrix\.nowhere\.invalid/);
});

test.concurrent('a well-known that does not answer is worth a note, which says what users have to do', async () => {
  const folder = emptyFolder();
  const port = await freePort();
  const said = await doctor(folder, {
    MYELIN_SERVER_NAME: `nowhere.invalid`,
    MYELIN_LISTENERS: `[{ port: ${port}, bind_addresses: ['127.0.0.1'] }]`,
  });
  expect(about('well-known', said)).toMatch(
    /^note .*does not answer.*users then have to type https:\/\/nowhere\.invalid\//,
  );
  expect(said.code).toBe(0);
});

test.concurrent('a listener’s socket needs a folder', async () => {
  const folder = emptyFolder();
  const env = { MYELIN_SERVER_NAME: 'localhost', MYELIN_LISTENERS: '[{ path: run/main.sock }]' };
  expectFault(await doctor(folder, env), 'listener', 'is not there: make it');
  mkdirSync(join(folder, 'run'));
  expect(about('listener', await doctor(folder, env))).toStartWith('ok');
  rmSync(join(folder, 'run'), { recursive: true });
});

test.concurrent('on PostgreSQL it tells a running server, a stopped one, another’s lock, and what is not there', async () => {
  const { url } = await startPostgres();
  const sql = postgres(url);
  await sql.unsafe('create database doctor');
  await sql.end();
  const { hostname, port, username } = new URL(url);
  const at = (database: string) =>
    `database: { name: psycopg2, args: { user: ${username}, host: ${hostname}, port: ${port}, database: ${database} } }`;
  const { folder } = await configuredFolder(at('doctor'));
  expect(about('database', await doctor(folder))).toContain('to be filled at the first start');
  const server = await serve(folder);
  const running = await doctor(folder);
  expect(running.out).not.toContain('FAULT');
  expect(about('database', running)).toContain('in use by the running server');
  const { folder: other } = await configuredFolder(at('doctor'));
  expect(about('database', await doctor(other))).toMatch(/^FAULT .*in use by another server/);
  await stop(server);
  expect(about('database', await doctor(folder))).toContain('schema current');
  const { folder: lost } = await configuredFolder(at('not_there'));
  expect(about('database', await doctor(lost))).toMatch(/^FAULT .*not_there/);
});

test.concurrent('db migrate fills a database, says how far it is, and refuses one in use', async () => {
  const { folder } = await configuredFolder();
  for (let run = 0; run < 2; run++) {
    const { code, out } = await myelin(['db', 'migrate'], { cwd: folder });
    expect(code).toBe(0);
    expect(out).toMatch(/^the schema has all \d+ steps \(\d+ KiB\)\n$/);
  }
  const server = await serve(folder);
  const { code, err } = await myelin(['db', 'migrate'], { cwd: folder });
  await stop(server);
  expect(code).toBe(1);
  expect(err).toContain('in use: another server is running on this data folder');
  editSchema(folder, (db) => db.run('UPDATE schema_info SET version = 1000, lowest_compatible = 999'));
  const newer = await myelin(['db', 'migrate'], { cwd: folder });
  expect(newer.code).toBe(1);
  expect(newer.err).toContain('made by a newer server');
});
