import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '#platform/config/index.ts';
import { parseSigningKeyFile } from '#protocol/signing/index.ts';
import { cleanUp, emptyFolder, myelin, onTerminal } from './program.ts';

setDefaultTimeout(60_000);
afterAll(cleanUp);

const CTRL_C = '\x03';
const modeOf = (path: string): number => statSync(path).mode & 0o777;

test.concurrent('init writes a configuration that can be read and a key, both for their owner only', async () => {
  const cwd = emptyFolder();
  const { code, out } = await myelin(['init'], { cwd });
  expect(code).toBe(0);
  expect(out).toContain('wrote data/homeserver.yaml\n');
  expect(out).toContain('next: myelin serve --config data/homeserver.yaml\n');
  expect(readdirSync(join(cwd, 'data')).toSorted()).toEqual(['homeserver.yaml', 'localhost.signing.key']);
  expect(modeOf(join(cwd, 'data'))).toBe(0o700);
  for (const name of readdirSync(join(cwd, 'data'))) expect(modeOf(join(cwd, 'data', name))).toBe(0o600);
  const config = loadConfig({ files: [join(cwd, 'data/homeserver.yaml')], cwd });
  expect(config.warnings).toEqual([]);
  expect(config.server).toMatchObject({ serverName: 'localhost', publicBaseurl: 'http://localhost:8008/' });
});

test.concurrent('init writes what its options say', async () => {
  const cwd = emptyFolder();
  const args = [
    'init',
    '--server-name',
    'example.org',
    '--public-baseurl',
    'https://matrix.example.org',
    '--port',
    '8448',
  ];
  const { code } = await myelin([...args, '--data-dir', 'state', '--output', 'etc/server.yaml'], { cwd });
  expect(code).toBe(0);
  const config = loadConfig({ files: [join(cwd, 'etc/server.yaml')], cwd });
  expect(config.server).toMatchObject({
    serverName: 'example.org',
    publicBaseurl: 'https://matrix.example.org/',
    dataDir: join(cwd, 'state'),
  });
  expect(config.listeners[0]?.address).toMatchObject({ port: 8448 });
  expect(existsSync(join(cwd, 'state/example.org.signing.key'))).toBe(true);
});

test.concurrent('two servers get secrets of their own', async () => {
  const [one, other] = [emptyFolder(), emptyFolder()];
  for (const cwd of [one, other]) await myelin(['init'], { cwd });
  const secret = (cwd: string) => loadConfig({ files: [join(cwd, 'data/homeserver.yaml')] }).registration.sharedSecret;
  expect(secret(one)?.length).toBeGreaterThanOrEqual(32);
  expect(secret(one)).not.toBe(secret(other));
});

test.concurrent('init never overwrites', async () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'mine.yaml'), 'server_name: mine.example\n');
  const { code, err } = await myelin(['init', '--output', 'mine.yaml'], { cwd });
  expect({ code, err }).toEqual({ code: 1, err: 'myelin: mine.yaml exists already; it is left as it is\n' });
  expect(readFileSync(join(cwd, 'mine.yaml'), 'utf8')).toBe('server_name: mine.example\n');
});

test.concurrent.each([
  [['--server-name', 'not a name']],
  [['--port', '0']],
  [['--port', 'http']],
  [['--server-name', 'example.org', '--public-baseurl', 'matrix.example.org']],
])('init with %p writes nothing', async (args) => {
  const cwd = emptyFolder();
  expect((await myelin(['init', ...args], { cwd })).code).toBe(2);
  expect(readdirSync(cwd)).toEqual([]);
});

test.concurrent('on a terminal, init asks, and asks again for what will not do', async () => {
  const cwd = emptyFolder();
  const typist = onTerminal(['init'], { cwd });
  await typist.answer('[localhost]: ', 'not a name\r');
  await typist.answer('is no server name', '');
  await typist.answer('[localhost]: ', 'example.org\r');
  await typist.answer('[https://example.org/]: ', 'matrix.example.org\r');
  await typist.answer('[https://example.org/]: ', 'https://matrix.example.org\r');
  expect(await typist.ended).toBe(0);
  const { server } = loadConfig({ files: [join(cwd, 'data/homeserver.yaml')], cwd });
  expect(server).toMatchObject({ serverName: 'example.org', publicBaseurl: 'https://matrix.example.org/' });
});

test.concurrent('Ctrl+C at a question leaves nothing behind', async () => {
  const cwd = emptyFolder();
  const typist = onTerminal(['init'], { cwd });
  await typist.answer('[localhost]: ', CTRL_C);
  expect(await typist.ended).toBe(1);
  expect(typist.screen()).toContain('given up; nothing was written');
  expect(readdirSync(cwd)).toEqual([]);
});

test.concurrent('keys generate prints a key, or writes it where nothing is', async () => {
  const cwd = emptyFolder();
  const printed = await myelin(['keys', 'generate'], { cwd });
  expect(printed.code).toBe(0);
  expect(parseSigningKeyFile(printed.out)).toHaveLength(1);
  const written = await myelin(['keys', 'generate', '-o', 'keys/one.key'], { cwd });
  expect(written.code).toBe(0);
  const path = join(cwd, 'keys/one.key');
  const text = readFileSync(path, 'utf8');
  expect(text).toMatch(/^ed25519 a_\w{4} [A-Za-z0-9+/]{43}\n$/);
  expect(text).not.toBe(printed.out);
  expect(modeOf(path)).toBe(0o600);
  const again = await myelin(['keys', 'generate', '-o', 'keys/one.key'], { cwd });
  expect({ code: again.code, err: again.err }).toEqual({
    code: 1,
    err: 'myelin: keys/one.key exists already; it is left as it is\n',
  });
  expect(readFileSync(path, 'utf8')).toBe(text);
});
