import { Database } from 'bun:sqlite';
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, configuredFolder, emptyFolder, freePort, myelin, onTerminal, serve, stop } from './program.ts';

setDefaultTimeout(60_000);
afterAll(cleanUp);

const health = (port: number): Promise<Response> => fetch(`http://127.0.0.1:${port}/health`);

/** The first start writes a configuration with the usual port, which others may have: this one is given by a variable. */
const portByVariable = (port: number): Record<string, string> => ({
  MYELIN_LISTENERS: `[{ port: ${port}, bind_addresses: ['127.0.0.1'], resources: [{ names: [client] }] }]`,
});

test.concurrent('the first start makes configuration, key and database, and says where it is and how to make an account', async () => {
  const cwd = emptyFolder();
  const port = await freePort();
  const server = await serve(cwd, { env: portByVariable(port) });
  await server.says('Stop it with Ctrl+C.');
  expect(server.output()).toContain(`is running at http://localhost:${port}/`);
  expect(server.output()).toContain('bin/myelin user create --admin YOUR_NAME');
  expect(server.output()).toContain('Its configuration is data/homeserver.yaml');
  expect(await (await health(port)).text()).toBe('OK');
  await stop(server);
  const made = readdirSync(join(cwd, 'data'));
  expect(made).toContain('homeserver.db');
  expect(made).toContain('localhost.signing.key');
  expect(made).not.toContain('operations.sock');
  expect(statSync(join(cwd, 'data')).mode & 0o077).toBe(0);
  for (const name of made)
    expect({ name, mode: statSync(join(cwd, 'data', name)).mode & 0o077 }).toEqual({ name, mode: 0 });
});

test.concurrent('the second start keeps all of it, and does not greet when nobody looks', async () => {
  const cwd = emptyFolder();
  const env = portByVariable(await freePort());
  await stop(await serve(cwd, { env }));
  const before = ['homeserver.yaml', 'localhost.signing.key'].map((name) =>
    readFileSync(join(cwd, 'data', name), 'utf8'),
  );
  const server = await serve(cwd, { env });
  expect(server.output()).not.toContain('is running at');
  expect(server.output()).not.toContain('schema_migrated');
  await stop(server);
  expect(
    ['homeserver.yaml', 'localhost.signing.key'].map((name) => readFileSync(join(cwd, 'data', name), 'utf8')),
  ).toEqual(before);
});

test.concurrent('on a terminal it greets at every start, until somebody has an account with how to make one', async () => {
  const { folder } = await configuredFolder();
  const first = onTerminal(['serve'], { cwd: folder });
  await first.answer('Stop it with Ctrl+C.', '');
  first.interrupt();
  expect(await first.ended).toBe(0);
  expect(first.screen()).toContain('Nobody has an account yet');
  await myelin(['user', 'create', 'alice'], { cwd: folder });
  const second = onTerminal(['serve'], { cwd: folder });
  await second.answer('Stop it with Ctrl+C.', '');
  second.interrupt();
  expect(await second.ended).toBe(0);
  expect(second.screen()).toContain('is running at');
  expect(second.screen()).not.toContain('Nobody has an account yet');
});

test.concurrent('a port that another program has ends it with code 1', async () => {
  const { folder, port } = await configuredFolder();
  const other = Bun.serve({ port, hostname: '127.0.0.1', fetch: () => new Response() });
  const { code, err } = await myelin(['serve'], { cwd: folder });
  await other.stop(true);
  expect(code).toBe(1);
  expect(err).toContain(`cannot listen on 127.0.0.1 port ${port}`);
  expect(err).not.toContain('    at ');
});

test.concurrent('a data folder that another server uses ends it with code 1', async () => {
  const { folder } = await configuredFolder();
  const server = await serve(folder);
  const { code, err } = await myelin(['serve'], { cwd: folder });
  expect(code).toBe(1);
  expect(err).toContain('in use: another server is running on this data folder');
  await stop(server);
});

test.concurrent('what is wrong with a configuration is said all at once, with code 2', async () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'homeserver.yaml'), 'server_name: example.org\nmax_uplod_size: 5M\nenable_registration: 3\n');
  const { code, err } = await myelin(['serve'], { cwd });
  expect(code).toBe(2);
  expect(err).toContain('max_uplod_size: unknown key; did you mean max_upload_size?');
  expect(err).toContain('enable_registration: must be true or false');
  expect(existsSync(join(cwd, 'data'))).toBe(false);
});

test.concurrent('a configuration that names no server does not start one by chance', async () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'homeserver.yaml'), '# to be written\n');
  const empty = await myelin(['serve'], { cwd });
  expect(empty.code).toBe(2);
  expect(empty.err).toContain('server_name: is required');
  mkdirSync(join(cwd, 'conf.d'));
  const none = await myelin(['serve', '--config', 'conf.d'], { cwd });
  expect(none.code).toBe(2);
  expect(none.err).toContain('the folder conf.d has no .yaml file');
  expect(readdirSync(cwd).toSorted()).toEqual(['conf.d', 'homeserver.yaml']);
});

test.concurrent('files and a database that cannot be used are named, with what is wrong', async () => {
  const { folder } = await configuredFolder();
  const key = join(folder, 'data/localhost.signing.key');
  writeFileSync(key, 'ed25519 a_1 secret!');
  const badKey = await myelin(['serve'], { cwd: folder });
  expect(badKey.code).toBe(1);
  expect(badKey.err).toContain(`the signing key file ${key} cannot be used`);
  expect(badKey.err).not.toContain('secret!');
  const args = `host: 127.0.0.1, port: ${await freePort()}`;
  const env = { MYELIN_DATABASE: `{ name: psycopg2, args: { ${args}, user: u, database: d } }` };
  const noPostgres = await myelin(['user', 'list'], {
    cwd: folder,
    env: { ...env, MYELIN_SIGNING_KEY_PATH: 'new.key' },
  });
  expect(noPostgres.code).toBe(1);
  expect(noPostgres.err).toContain('is PostgreSQL running at 127.0.0.1:');
  expect(noPostgres.err).not.toContain('SELECT');
});

test.concurrent('/health fails while another program keeps the database from being written, and recovers', async () => {
  const { folder, port } = await configuredFolder();
  const server = await serve(folder);
  expect((await health(port)).status).toBe(200);
  const other = new Database(join(folder, 'data/homeserver.db'));
  other.run('BEGIN IMMEDIATE');
  // Something to write: from then on it is known.
  const creating = myelin(['user', 'create', 'alice'], { cwd: folder });
  let status = 200;
  for (let tries = 0; tries < 100 && status === 200; tries++) {
    await Bun.sleep(200);
    status = (await health(port)).status;
  }
  expect(status).toBe(503);
  other.run('ROLLBACK');
  other.close();
  await creating;
  expect((await health(port)).status).toBe(200);
  await stop(server);
});

test.concurrent('what is configured but has no effect yet is told at the start', async () => {
  const { folder } = await configuredFolder('auto_join_rooms: ["#all:localhost"]\nredis: { enabled: true }');
  const server = await serve(folder);
  expect(server.output()).toContain('auto_join_rooms: is accepted and has no effect yet');
  expect(server.output()).toContain('redis: is a key of Synapse that has no effect here yet');
  await stop(server);
});

test.concurrent('a database of Synapse’s is refused, and left as it is', async () => {
  const { folder } = await configuredFolder();
  const path = join(folder, 'data/homeserver.db');
  const synapse = new Database(path);
  synapse.run('CREATE TABLE applied_schema_deltas (version INTEGER NOT NULL, file TEXT NOT NULL)');
  synapse.run('CREATE TABLE users (name TEXT)');
  synapse.close();
  const before = readFileSync(path);
  for (const command of [['serve'], ['db', 'migrate'], ['user', 'create', 'alice'], ['doctor']]) {
    const { code, out, err } = await myelin(command, { cwd: folder });
    expect(code).toBe(1);
    expect(out + err).toContain("is one of Synapse's, and is left as it is");
  }
  expect(readFileSync(path).equals(before)).toBe(true);
});

test.concurrent('a path too long for a Unix socket does not keep it from running, nor the command line from reaching it', async () => {
  const deep = join(emptyFolder(), 'a'.repeat(90), 'b'.repeat(90));
  const { folder } = await configuredFolder('', deep);
  const server = await serve(folder);
  expect((await myelin(['user', 'create', 'alice'], { cwd: folder })).out).toStartWith('made @alice:localhost');
  await stop(server);
});

test.concurrent('where there can be no socket it warns and runs', async () => {
  const { folder, port } = await configuredFolder();
  mkdirSync(join(folder, 'data/operations.sock'));
  const server = await serve(folder);
  await server.says('operations.no_socket');
  expect((await health(port)).status).toBe(200);
  const { code, err } = await myelin(['user', 'list'], { cwd: folder });
  expect(code).toBe(1);
  expect(err).toContain('myelin: ');
  await stop(server);
  expect(await server.ended).toBe(0);
});

test.concurrent('pid_file holds the process id while it runs', async () => {
  const { folder } = await configuredFolder('pid_file: data/server.pid');
  const server = await serve(folder);
  const path = join(folder, 'data/server.pid');
  await server.says('http.listening');
  while (!existsSync(path)) await Bun.sleep(20);
  expect(readFileSync(path, 'utf8')).toBe(`${server.pid}\n`);
  await stop(server);
  expect(existsSync(path)).toBe(false);
});
