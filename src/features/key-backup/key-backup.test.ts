import { expect, test } from 'bun:test';
import { openEncryption, type TestDevice, type TestEncryption, V3 } from '#test/encryption.ts';
import { forEachEngine } from '#test/storage.ts';
import { isBetter } from './session-key.ts';

const VERSION = `${V3}/room_keys/version`;
const KEYS = `${V3}/room_keys/keys`;
const BACKUP = { algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2', auth_data: { public_key: 'abc' } };

const key = (first_message_index = 0, forwarded_count = 0, is_verified = false, data = 'x') => ({
  first_message_index,
  forwarded_count,
  is_verified,
  session_data: { ciphertext: data },
});

async function create(server: TestEncryption, device: TestDevice, algorithm = BACKUP.algorithm): Promise<string> {
  return (await server.ask(device, 'POST', VERSION, { ...BACKUP, algorithm })).body.version;
}

test('a key is better when verified, then by a lower index, then by fewer forwards', () => {
  const quality = (isVerified: boolean, firstMessageIndex: number, forwardedCount: number) => ({
    isVerified,
    firstMessageIndex,
    forwardedCount,
  });
  const old = quality(false, 10, 5);
  for (const worse of [quality(false, 10, 5), quality(false, 11, 0), quality(false, 10, 6)]) {
    expect(isBetter(worse, old)).toBe(false);
  }
  for (const better of [quality(true, 99, 99), quality(false, 9, 99), quality(false, 10, 4)]) {
    expect(isBetter(better, old)).toBe(true);
  }
  expect(isBetter(quality(false, 0, 0), quality(true, 10, 5))).toBe(false);
});

forEachEngine('key backup', (engine) => {
  const open = async () => {
    const server = await openEncryption(await engine.open());
    return { server, alice: await server.user('alice'), bob: await server.user('bob') };
  };

  test('the newest backup is the current one, and versions are never used again', async () => {
    const { server, alice } = await open();
    const current = () => server.ask(alice, 'GET', VERSION);
    expect((await current()).verdict).toBe('404 M_NOT_FOUND');
    const [first, second] = [await create(server, alice), await create(server, alice)];
    expect((await current()).body).toEqual({ ...BACKUP, version: second, etag: '0', count: 0 });
    expect((await server.ask(alice, 'GET', `${VERSION}/${first}`)).body).toMatchObject({ version: first });
    expect((await server.ask(alice, 'DELETE', `${VERSION}/${second}`)).body).toEqual({});
    expect((await server.ask(alice, 'DELETE', `${VERSION}/${second}`)).body).toEqual({});
    expect((await current()).body.version).toBe(first);
    expect((await server.ask(alice, 'GET', `${VERSION}/${second}`)).verdict).toBe('404 M_NOT_FOUND');
    expect(Number(await create(server, alice))).toBeGreaterThan(Number(second));
    for (const unknown of ['99', '0', 'x', '-1', '99999999999999999999']) {
      expect((await server.ask(alice, 'GET', `${VERSION}/${unknown}`)).verdict).toBe('404 M_NOT_FOUND');
      expect((await server.ask(alice, 'DELETE', `${VERSION}/${unknown}`)).verdict).toBe('404 M_NOT_FOUND');
    }
  });

  test('backups made at the same time have different versions', async () => {
    const { server, alice } = await open();
    const versions = await Promise.all(Array.from({ length: 5 }, () => create(server, alice)));
    expect(new Set(versions).size).toBe(5);
  });

  test('auth_data can be changed, the algorithm and the version cannot', async () => {
    const { server, alice } = await open();
    const version = await create(server, alice);
    const put = async (body: object, to = version) =>
      (await server.ask(alice, 'PUT', `${VERSION}/${to}`, { ...BACKUP, ...body })).verdict;
    expect(await put({ auth_data: { public_key: 'new' } })).toBe('200');
    expect(await put({ version, auth_data: { public_key: 'newer' } })).toBe('200');
    expect((await server.ask(alice, 'GET', VERSION)).body.auth_data).toEqual({ public_key: 'newer' });
    expect(await put({ algorithm: 'other' })).toBe('400 M_INVALID_PARAM');
    expect(await put({ version: '17' })).toBe('400 M_INVALID_PARAM');
    expect(await put({}, '17')).toBe('404 M_NOT_FOUND');
  });

  test('keys are written and read whole, by room and by session', async () => {
    const { server, alice } = await open();
    const version = await create(server, alice);
    const ask = async (method: string, path: string, body?: unknown) =>
      (await server.ask(alice, method, `${KEYS}${path}?version=${version}`, body)).body;
    const one = await ask('PUT', '/!a:x/s1', key(1));
    expect(one).toEqual({ etag: '1', count: 1 });
    expect(await ask('PUT', '/!a:x', { sessions: { s2: key(2), 's "3"': key(3) } })).toEqual({ etag: '2', count: 3 });
    const rooms = { '!b:x': { sessions: { s1: key(4) } }, '!"c': { sessions: { s1: key(5) } } };
    expect(await ask('PUT', '', { rooms })).toEqual({ etag: '3', count: 5 });
    expect(await ask('GET', '')).toEqual({
      rooms: { '!a:x': { sessions: { s1: key(1), s2: key(2), 's "3"': key(3) } }, ...rooms },
    });
    expect(await ask('GET', '/!a:x')).toEqual({ sessions: { s1: key(1), s2: key(2), 's "3"': key(3) } });
    expect(await ask('GET', '/!a:x/s2')).toEqual(key(2));
    expect(await ask('GET', '/!none:x')).toEqual({ sessions: {} });
    expect(await ask('GET', '/!a:x/none')).toMatchObject({ errcode: 'M_NOT_FOUND' });
    expect((await server.ask(alice, 'GET', `${VERSION}/${version}`)).body).toMatchObject({ etag: '3', count: 5 });
    expect(await ask('DELETE', '/!a:x/s1')).toEqual({ etag: '4', count: 4 });
    expect(await ask('DELETE', '/!a:x/s1')).toEqual({ etag: '4', count: 4 });
    expect(await ask('DELETE', '/!a:x')).toEqual({ etag: '5', count: 2 });
    expect(await ask('DELETE', '')).toEqual({ etag: '6', count: 0 });
    expect(await ask('GET', '')).toEqual({ rooms: {} });
  });

  test('a key is replaced by a better one only, and the etag tells', async () => {
    const { server, alice } = await open();
    const version = await create(server, alice);
    const path = `${KEYS}/!a:x/s?version=${version}`;
    const put = async (...quality: Parameters<typeof key>) =>
      (await server.ask(alice, 'PUT', path, key(...quality))).body;
    const stored = async () => (await server.ask(alice, 'GET', path)).body.session_data.ciphertext;
    expect(await put(10, 5, false, 'first')).toEqual({ etag: '1', count: 1 });
    expect(await put(10, 5, false, 'same')).toEqual({ etag: '1', count: 1 });
    expect(await put(11, 0, false, 'worse')).toEqual({ etag: '1', count: 1 });
    expect(await stored()).toBe('first');
    expect(await put(10, 4, false, 'nearer')).toEqual({ etag: '2', count: 1 });
    expect(await put(99, 99, true, 'verified')).toEqual({ etag: '3', count: 1 });
    expect(await put(0, 0, false, 'unverified')).toEqual({ etag: '3', count: 1 });
    expect(await stored()).toBe('verified');
  });

  test('writes at the same time are all counted', async () => {
    const { server, alice } = await open();
    const version = await create(server, alice);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => server.ask(alice, 'PUT', `${KEYS}/!a:x/s${n}?version=${version}`, key())),
    );
    expect(answers.map(({ body }) => body.count).toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await server.ask(alice, 'GET', VERSION)).body).toMatchObject({ etag: '8', count: 8 });
  });

  test('keys are written to the newest backup only, and read from all', async () => {
    const { server, alice } = await open();
    const old = await create(server, alice);
    await server.ask(alice, 'PUT', `${KEYS}/!a:x/s?version=${old}`, key());
    const version = await create(server, alice);
    const refused = await server.ask(alice, 'PUT', `${KEYS}/!a:x/s?version=${old}`, key());
    expect(refused.verdict).toBe('403 M_WRONG_ROOM_KEYS_VERSION');
    expect(refused.body.current_version).toBe(version);
    expect((await server.ask(alice, 'PUT', `${KEYS}/!a:x/s?version=77`, key())).verdict).toBe('404 M_NOT_FOUND');
    expect((await server.ask(alice, 'PUT', `${KEYS}/!a:x/s`, key())).verdict).toBe('400 M_MISSING_PARAM');
    expect((await server.ask(alice, 'GET', `${KEYS}/!a:x/s?version=${old}`)).body).toEqual(key());
    for (const method of ['GET', 'DELETE']) {
      expect((await server.ask(alice, method, `${KEYS}?version=77`)).verdict).toBe('404 M_NOT_FOUND');
    }
  });

  test('a large backup is read and deleted in parts', async () => {
    const { server, alice } = await open();
    const version = await create(server, alice);
    const room = (count: number) => ({
      sessions: Object.fromEntries(Array.from({ length: count }, (_, n) => [`s${n}`, key(n)])),
    });
    const rooms = { '!a:x': room(1500), '!b:x': room(1000), '!c:x': room(1) };
    const path = `${KEYS}?version=${version}`;
    expect((await server.ask(alice, 'PUT', path, { rooms })).body.count).toBe(2501);
    expect((await server.ask(alice, 'GET', path)).body).toEqual({ rooms });
    expect((await server.ask(alice, 'GET', `${KEYS}/!b:x?version=${version}`)).body).toEqual(rooms['!b:x']);
    expect((await server.ask(alice, 'DELETE', path)).body.count).toBe(0);
    await server.ask(alice, 'PUT', path, { rooms });
    await server.ask(alice, 'DELETE', `${VERSION}/${version}`);
    expect(await server.storage.reader.all({ sql: 'select * from key_backup_sessions', parameters: [] })).toEqual([]);
  });

  test('keys of another shape are refused', async () => {
    const { server, alice } = await open();
    const version = await create(server, alice);
    const verdict = async (session: unknown) =>
      (await server.ask(alice, 'PUT', `${KEYS}/!a:x/s?version=${version}`, session)).verdict;
    const { is_verified: _, ...incomplete } = key();
    expect(await verdict(incomplete)).toBe('400 M_MISSING_PARAM');
    expect(await verdict({ ...key(), first_message_index: '1' })).toBe('400 M_BAD_JSON');
    expect(await verdict({ ...key(), first_message_index: 1e300 })).toBe('400 M_BAD_JSON');
    expect(await verdict({ ...key(), forwarded_count: -1 })).toBe('400 M_BAD_JSON');
    expect(await verdict({ ...key(), session_data: 'text' })).toBe('400 M_BAD_JSON');
    const whole = async (rooms: unknown) =>
      (await server.ask(alice, 'PUT', `${KEYS}?version=${version}`, { rooms })).verdict;
    expect(await whole({ '!a\n': null })).toBe('400 M_BAD_JSON');
    expect(await whole({ '!a:x': { sessions: { 's\n': null } } })).toBe('400 M_BAD_JSON');
    expect(await whole({ '!a:x': { sessions: { '': key() } } })).toBe('400 M_INVALID_PARAM');
    expect((await server.ask(alice, 'POST', VERSION, { algorithm: 'a' })).verdict).toBe('400 M_MISSING_PARAM');
  });

  test('nobody reads, writes or deletes the backup of another', async () => {
    const { server, alice, bob } = await open();
    const version = await create(server, alice);
    const path = `${KEYS}/!a:x/s?version=${version}`;
    await server.ask(alice, 'PUT', path, key());
    const attempts = [
      ['GET', VERSION],
      ['GET', `${VERSION}/${version}`],
      ['PUT', `${VERSION}/${version}`, BACKUP],
      ['DELETE', `${VERSION}/${version}`],
      ...['', '/!a:x', '/!a:x/s'].flatMap((scope) => [
        ['GET', `${KEYS}${scope}?version=${version}`],
        ['DELETE', `${KEYS}${scope}?version=${version}`],
      ]),
      ['PUT', `${KEYS}?version=${version}`, { rooms: { '!a:x': { sessions: { s: key() } } } }],
      ['PUT', `${KEYS}/!a:x?version=${version}`, { sessions: { s: key() } }],
      ['PUT', path, key(0, 0, true)],
    ] as [string, string, unknown?][];
    for (const [method, target, body] of attempts) {
      expect((await server.ask(bob, method, target, body)).verdict).toBe('404 M_NOT_FOUND');
      expect((await server.ask(undefined, method, target, body)).verdict).toBe('401 M_MISSING_TOKEN');
    }
    expect((await server.ask(undefined, 'POST', VERSION, BACKUP)).verdict).toBe('401 M_MISSING_TOKEN');
    // With a backup of the same version of his own, he still sees and changes only that.
    expect(await create(server, bob)).toBe(version);
    expect((await server.ask(bob, 'GET', path)).verdict).toBe('404 M_NOT_FOUND');
    await server.ask(bob, 'DELETE', `${KEYS}?version=${version}`);
    await server.ask(bob, 'DELETE', `${VERSION}/${version}`);
    expect((await server.ask(alice, 'GET', path)).body).toEqual(key());
  });

  test('goes with the account', async () => {
    const { server, alice } = await open();
    const version = await create(server, alice);
    await server.ask(alice, 'PUT', `${KEYS}/!a:x/s?version=${version}`, key());
    await server.accounts.lifecycle.deactivate(alice.userId, { erase: false });
    for (const table of ['key_backups', 'key_backup_sessions']) {
      expect(await server.storage.reader.all({ sql: `select * from ${table}`, parameters: [] })).toEqual([]);
    }
  });
});
