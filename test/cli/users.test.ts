import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, configuredFolder, emptyFolder, myelin, onTerminal, serve, start, stop } from './program.ts';

setDefaultTimeout(60_000);
afterAll(cleanUp);

async function logIn(port: number, user: string, password: string): Promise<{ status: number; token: string }> {
  const response = await fetch(`http://127.0.0.1:${port}/_matrix/client/v3/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'm.login.password', identifier: { type: 'm.id.user', user }, password }),
  });
  const { access_token: token = '' } = (await response.json()) as { access_token?: string };
  return { status: response.status, token };
}

const whoAmI = async (port: number, token: string): Promise<number> =>
  (
    await fetch(`http://127.0.0.1:${port}/_matrix/client/v3/account/whoami`, {
      headers: { authorization: `Bearer ${token}` },
    })
  ).status;

const QUICK_LOGINS = `
rc_login:
  address: { per_second: 1000, burst_count: 1000 }
  account: { per_second: 1000, burst_count: 1000 }
  failed_attempts: { per_second: 1000, burst_count: 1000 }`;

test.concurrent('accounts are made, listed, given new passwords and ended while the server runs', async () => {
  const { folder, port } = await configuredFolder(QUICK_LOGINS);
  const server = await serve(folder);
  const cwd = folder;
  expect(await myelin(['user', 'list'], { cwd })).toEqual({ code: 0, out: '', err: '' });

  expect(await myelin(['user', 'create', '--admin', '--password', 'first', 'alice'], { cwd })).toEqual({
    code: 0,
    out: 'made @alice:localhost\n',
    err: '',
  });
  const made = await myelin(['user', 'create', 'bob'], { cwd });
  const [, password = ''] = /^made @bob:localhost, password (\w{20})\n$/.exec(made.out) ?? [];
  expect((await logIn(port, 'bob', password)).status).toBe(200);
  expect((await myelin(['user', 'list'], { cwd })).out).toBe('@alice:localhost  admin\n@bob:localhost\n');

  const session = await logIn(port, 'alice', 'first');
  expect(await whoAmI(port, session.token)).toBe(200);
  const kept = await myelin(['user', 'reset-password', '--keep-sessions', '-p', 'second', '@alice:localhost'], { cwd });
  expect(kept).toEqual({ code: 0, out: 'new password set\n', err: '' });
  expect(await whoAmI(port, session.token)).toBe(200);
  expect((await logIn(port, 'alice', 'first')).status).toBe(403);
  await myelin(['user', 'reset-password', '--password-file', '-', 'alice'], { cwd, stdin: 'third\n' });
  expect(await whoAmI(port, session.token)).toBe(401);
  expect((await logIn(port, 'alice', 'third')).status).toBe(200);

  expect(await myelin(['user', 'deactivate', '--erase', 'bob'], { cwd })).toEqual({
    code: 0,
    out: 'deactivated\n',
    err: '',
  });
  expect((await logIn(port, 'bob', password)).status).toBe(403);
  expect((await myelin(['user', 'list'], { cwd })).out).toContain('@bob:localhost  deactivated');
  await stop(server);
});

test.concurrent('the same works on a server that is stopped', async () => {
  const { folder, port } = await configuredFolder(QUICK_LOGINS);
  const cwd = folder;
  expect((await myelin(['user', 'create', '-a', '-p', 'first', 'alice'], { cwd })).out).toBe('made @alice:localhost\n');
  writeFileSync(join(folder, 'secret.txt'), 'second\r\nnot this');
  await myelin(['user', 'create', '--password-file', 'secret.txt', 'bob'], { cwd });
  await myelin(['user', 'reset-password', '-p', 'third', 'alice'], { cwd });
  await myelin(['user', 'create', 'carol'], { cwd });
  await myelin(['user', 'deactivate', 'carol'], { cwd });
  expect((await myelin(['user', 'list'], { cwd })).out).toBe(
    '@alice:localhost  admin\n@bob:localhost\n@carol:localhost  deactivated\n',
  );
  const server = await serve(folder);
  expect((await logIn(port, 'alice', 'third')).status).toBe(200);
  expect((await logIn(port, 'bob', 'second')).status).toBe(200);
  await stop(server);
});

test.concurrent.each([true, false])(
  'what cannot be done ends with code 1 and one line (server running: %p)',
  async (isRunning) => {
    const { folder } = await configuredFolder();
    const cwd = folder;
    await myelin(['user', 'create', 'alice'], { cwd });
    await myelin(['user', 'create', 'gone'], { cwd });
    await myelin(['user', 'deactivate', 'gone'], { cwd });
    const server = isRunning ? await serve(folder) : undefined;
    const cases: readonly (readonly [string[], string])[] = [
      [['create', 'alice'], 'The user id is already taken'],
      [['create', 'gone'], 'The user id is already taken'],
      [['create', 'Alice Smith'], 'User names are made of'],
      [['create', '@alice:elsewhere.example'], 'is on another server: user ids here end in :localhost'],
      [['reset-password', 'nobody'], 'There is no user @nobody:localhost'],
      [['reset-password', 'gone'], 'is deactivated'],
      [['deactivate', 'nobody'], 'There is no user @nobody:localhost'],
      [['deactivate', 'gone'], 'is deactivated'],
      [['create', '--password-file', 'missing.txt', 'bob'], 'cannot read the password'],
    ];
    for (const [args, message] of cases) {
      const { code, out, err } = await myelin(['user', ...args], { cwd });
      expect({ args, code, out }).toEqual({ args, code: 1, out: '' });
      expect(err).toStartWith('myelin: ');
      expect(err).toContain(message);
      expect(err.trim().split('\n')).toHaveLength(1);
    }
    if (server !== undefined) await stop(server);
  },
);

test.concurrent('where no server is configured nothing is made', async () => {
  const cwd = emptyFolder();
  for (const args of [
    ['user', 'create', 'alice'],
    ['user', 'list'],
    ['db', 'migrate'],
  ]) {
    const { code, err } = await myelin(args, { cwd });
    expect(code).toBe(2);
    expect(err).toContain('go to the server');
  }
  expect(await Array.fromAsync(new Bun.Glob('**').scan({ cwd, onlyFiles: false }))).toEqual([]);
});

test.concurrent('after a server was killed, its socket is in nobody’s way', async () => {
  const { folder } = await configuredFolder();
  const server = await serve(folder);
  server.signal('SIGKILL');
  await server.ended;
  expect((await myelin(['user', 'create', 'alice'], { cwd: folder })).code).toBe(0);
  const again = await serve(folder);
  expect((await myelin(['user', 'list'], { cwd: folder })).out).toBe('@alice:localhost\n');
  await stop(again);
});

test.concurrent('on a terminal the password is asked for, and not shown', async () => {
  const { folder, port } = await configuredFolder(QUICK_LOGINS);
  const server = await serve(folder);
  const typist = onTerminal(['user', 'create', 'alice'], { cwd: folder });
  await typist.answer('Password (empty: one is made up): ', 'open sesame\r');
  expect(await typist.ended).toBe(0);
  expect(typist.screen()).toContain('made @alice:localhost');
  expect(typist.screen()).not.toContain('sesame');
  expect((await logIn(port, 'alice', 'open sesame')).status).toBe(200);
  const hesitant = onTerminal(['user', 'create', 'bob'], { cwd: folder });
  await hesitant.answer('Password', '\x03');
  expect(await hesitant.ended).toBe(1);
  expect((await myelin(['user', 'list'], { cwd: folder })).out).toBe('@alice:localhost\n');
  await stop(server);
});

test.concurrent('a server that is just starting is waited for', async () => {
  const { folder } = await configuredFolder();
  const program = join(import.meta.dir, '../../src/app/main.ts');
  const server = start([process.execPath, program, 'serve'], { cwd: folder });
  await server.says('schema_migrated');
  const made = await myelin(['user', 'create', '-p', 'secret', 'alice'], { cwd: folder });
  expect(made).toEqual({ code: 0, out: 'made @alice:localhost\n', err: '' });
  await stop(server);
});
