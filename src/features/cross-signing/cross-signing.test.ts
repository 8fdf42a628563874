import { expect, test } from 'bun:test';
import type { KeyId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { SigningKey } from '#protocol/signing/index.ts';
import {
  deviceKeysOf,
  identityKey,
  openEncryption,
  signed,
  type TestDevice,
  type TestEncryption,
  testKey,
  V3,
} from '#test/encryption.ts';
import { forEachEngine } from '#test/storage.ts';

const UPLOAD = `${V3}/keys/device_signing/upload`;
const SIGNATURES = `${V3}/keys/signatures/upload`;
const PASSWORD = 'secret password';

/** A cross-signing key pair, named by its public key. */
function pair(owner: string, name: string): SigningKey {
  const key = testKey(owner, name);
  return { ...key, keyId: `ed25519:${key.publicKey}` as KeyId };
}

function published({ userId }: TestDevice, usage: string, key: SigningKey, by?: SigningKey): JsonObject {
  const object = { user_id: userId, usage: [usage], keys: { [key.keyId]: key.publicKey } };
  return by === undefined ? object : signed(object, userId, by);
}

/** A whole set of keys. `salt` makes others. */
function keySet(device: TestDevice, salt = '') {
  const [master, self, user] = ['master', 'self', 'user'].map((name) => pair(device.userId, name + salt));
  if (!master || !self || !user) throw new Error('no keys');
  return {
    master,
    self,
    user,
    upload: {
      master_key: published(device, 'master', master),
      self_signing_key: published(device, 'self_signing', self, master),
      user_signing_key: published(device, 'user_signing', user, master),
    },
  };
}

async function query(server: TestEncryption, viewer: TestDevice, ...of: TestDevice[]) {
  const wanted = Object.fromEntries(of.map(({ userId }) => [userId, []]));
  return (await server.ask(viewer, 'POST', `${V3}/keys/query`, { device_keys: wanted })).body;
}

const unsignedObject = (object: JsonObject): JsonObject => ({ ...object, signatures: {} });

forEachEngine('cross-signing', (engine) => {
  const open = async () => openEncryption(await engine.open());
  const proof = (session: unknown, { userId }: TestDevice) => ({
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: userId },
    password: PASSWORD,
    session,
  });

  test('the first keys need no proof, the same keys again none, others one', async () => {
    const server = await open();
    const alice = await server.user('alice', 'A', PASSWORD);
    const { upload } = keySet(alice);
    expect((await server.ask(alice, 'POST', UPLOAD, upload)).verdict).toBe('200');
    expect((await server.ask(alice, 'POST', UPLOAD, upload)).verdict).toBe('200');
    expect((await server.ask(alice, 'POST', UPLOAD, { master_key: upload.master_key })).verdict).toBe('200');
    const other = keySet(alice, ' 2').upload;
    const refused = await server.ask(alice, 'POST', UPLOAD, other);
    expect(refused.status).toBe(401);
    expect(refused.body.flows).toEqual([{ stages: ['m.login.password'] }]);
    expect((await query(server, alice, alice)).master_keys[alice.userId]).toEqual(upload.master_key);
    const auth = proof(refused.body.session, alice);
    const wrong = await server.ask(alice, 'POST', UPLOAD, { ...other, auth: { ...auth, password: 'guess' } });
    expect(wrong.verdict).toBe('401 M_FORBIDDEN');
    expect((await server.ask(alice, 'POST', UPLOAD, { ...other, auth })).verdict).toBe('200');
    expect((await server.ask(alice, 'POST', UPLOAD, { ...other, auth })).verdict).toBe('200');
    expect((await query(server, alice, alice)).master_keys[alice.userId]).toEqual(other.master_key);
  });

  test('a further key of the set needs a proof', async () => {
    const server = await open();
    const alice = await server.user('alice', 'A', PASSWORD);
    const { upload } = keySet(alice);
    await server.ask(alice, 'POST', UPLOAD, { master_key: upload.master_key });
    const { self_signing_key } = upload;
    const refused = await server.ask(alice, 'POST', UPLOAD, { self_signing_key });
    expect(refused.status).toBe(401);
    const auth = proof(refused.body.session, alice);
    expect((await server.ask(alice, 'POST', UPLOAD, { self_signing_key, auth })).verdict).toBe('200');
  });

  test('of two first sets at the same time one wins and the other needs a proof', async () => {
    const server = await open();
    const alice = await server.user('alice', 'A', PASSWORD);
    const answers = await Promise.all(
      ['', ' 2'].map((salt) => server.ask(alice, 'POST', UPLOAD, keySet(alice, salt).upload)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401]);
  });

  test('an administrator can let a user replace the keys without a proof, for a while', async () => {
    const server = await open();
    const alice = await server.user('alice', 'A', PASSWORD);
    await server.ask(alice, 'POST', UPLOAD, keySet(alice).upload);
    await server.crossSigning.allowReplacement(alice.userId, Date.now() + 60_000);
    expect((await server.ask(alice, 'POST', UPLOAD, keySet(alice, ' 2').upload)).verdict).toBe('200');
    await server.crossSigning.allowReplacement(alice.userId, Date.now() - 1);
    expect((await server.ask(alice, 'POST', UPLOAD, keySet(alice, ' 3').upload)).status).toBe(401);
  });

  test('keys that are not right are refused', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const { upload, master, self } = keySet(alice);
    const verdict = async (body: object) => (await server.ask(alice, 'POST', UPLOAD, body)).verdict;
    expect(await verdict({ self_signing_key: upload.self_signing_key })).toBe('400 M_MISSING_PARAM');
    const unsignedKey = { ...upload, self_signing_key: published(alice, 'self_signing', self) };
    expect(await verdict(unsignedKey)).toBe('400 M_INVALID_SIGNATURE');
    const foreign = { ...upload, self_signing_key: published(alice, 'self_signing', self, self) };
    expect(await verdict(foreign)).toBe('400 M_INVALID_SIGNATURE');
    expect(await verdict(keySet(bob).upload)).toBe('400 M_INVALID_PARAM');
    expect(await verdict({ master_key: upload.self_signing_key })).toBe('400 M_INVALID_PARAM');
    const twoKeys = { ...upload.master_key, keys: { [master.keyId]: master.publicKey, [self.keyId]: self.publicKey } };
    expect(await verdict({ master_key: twoKeys })).toBe('400 M_INVALID_PARAM');
    expect(await verdict({ master_key: { ...upload.master_key, keys: { 'ed25519:x': 'x' } } })).toBe(
      '400 M_INVALID_PARAM',
    );
    expect(await verdict({ master_key: { user_id: alice.userId } })).toBe('400 M_MISSING_PARAM');
    await server.login(alice.userId, master.publicKey);
    expect(await verdict(upload)).toBe('403 M_FORBIDDEN');
    expect((await query(server, alice, alice)).master_keys).toEqual({});
  });

  test('the id of a key is reserved among the device ids of its owner', async () => {
    const server = await open();
    const alice = await server.user('alice');
    const { upload, master } = keySet(alice);
    await server.ask(alice, 'POST', UPLOAD, upload);
    const isReserved = (id: string) => server.crossSigning.isDeviceIdReserved(alice.userId, id as never);
    expect([await isReserved(master.publicKey), await isReserved('A')]).toEqual([true, false]);
  });

  test('others see the master and self-signing key, only the owner the user-signing key', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const { upload } = keySet(alice);
    await server.ask(alice, 'POST', UPLOAD, upload);
    expect(await query(server, bob, alice)).toMatchObject({
      master_keys: { [alice.userId]: upload.master_key },
      self_signing_keys: { [alice.userId]: upload.self_signing_key },
    });
    expect((await query(server, bob, alice)).user_signing_keys).toEqual({});
    expect((await query(server, alice, alice)).user_signing_keys).toEqual({
      [alice.userId]: upload.user_signing_key,
    });
  });

  test('a new master key drops the keys that only the old one signed', async () => {
    const server = await open();
    const alice = await server.user('alice');
    await server.ask(alice, 'POST', UPLOAD, keySet(alice).upload);
    await server.crossSigning.allowReplacement(alice.userId, Date.now() + 60_000);
    const master_key = keySet(alice, ' 2').upload.master_key;
    await server.ask(alice, 'POST', UPLOAD, { master_key });
    const answer = await query(server, alice, alice);
    expect(answer.master_keys[alice.userId]).toEqual(master_key);
    expect([answer.self_signing_keys, answer.user_signing_keys]).toEqual([{}, {}]);
  });

  test('a self-signing key signed anew by a new master key stays, with what it has signed', async () => {
    const server = await open();
    const alice = await server.user('alice', 'A');
    const { upload, self } = keySet(alice);
    await server.ask(alice, 'POST', `${V3}/keys/upload`, { device_keys: deviceKeysOf(alice) });
    await server.ask(alice, 'POST', UPLOAD, upload);
    const object = signed(unsignedObject(deviceKeysOf(alice)), alice.userId, self);
    await server.ask(alice, 'POST', SIGNATURES, { [alice.userId]: { A: object } });
    await server.crossSigning.allowReplacement(alice.userId, Date.now() + 60_000);
    const master = pair(alice.userId, 'new master');
    const self_signing_key = published(alice, 'self_signing', self, master);
    await server.ask(alice, 'POST', UPLOAD, { master_key: published(alice, 'master', master), self_signing_key });
    const answer = await query(server, alice, alice);
    expect(answer.self_signing_keys[alice.userId]).toEqual(self_signing_key);
    expect(Object.keys(answer.device_keys[alice.userId].A.signatures[alice.userId])).toContain(self.keyId);
  });

  test('a device signed by the self-signing key, and a master key signed by a device, are seen by all', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice', 'A'), await server.user('bob')];
    const { upload, self, master } = keySet(alice);
    await server.ask(alice, 'POST', `${V3}/keys/upload`, { device_keys: deviceKeysOf(alice) });
    await server.ask(alice, 'POST', UPLOAD, upload);
    const device = signed(unsignedObject(deviceKeysOf(alice)), alice.userId, self);
    const signedMaster = signed(upload.master_key, alice.userId, identityKey(alice));
    const objects = { A: device, [master.publicKey]: signedMaster };
    const answer = await server.ask(alice, 'POST', SIGNATURES, { [alice.userId]: objects });
    expect(answer.body).toEqual({ failures: {} });
    const seen = await query(server, bob, alice);
    const onDevice = seen.device_keys[alice.userId].A.signatures[alice.userId];
    expect(Object.keys(onDevice).toSorted()).toEqual(['ed25519:A', self.keyId].toSorted());
    expect(seen.master_keys[alice.userId]).toEqual(signedMaster);
    await server.accounts.devices.delete(alice.userId, [alice.deviceId]);
    expect((await query(server, bob, alice)).master_keys[alice.userId]).toEqual(upload.master_key);
  });

  test('a signature by the user-signing key is seen by its maker alone', async () => {
    const server = await open();
    const [alice, bob, eve] = [await server.user('alice'), await server.user('bob'), await server.user('eve')];
    const [ofAlice, ofBob] = [keySet(alice), keySet(bob)];
    await server.ask(alice, 'POST', UPLOAD, ofAlice.upload);
    await server.ask(bob, 'POST', UPLOAD, ofBob.upload);
    const object = signed(ofBob.upload.master_key, alice.userId, ofAlice.user);
    const body = { [bob.userId]: { [ofBob.master.publicKey]: object } };
    expect((await server.ask(alice, 'POST', SIGNATURES, body)).body).toEqual({ failures: {} });
    const signers = async (viewer: TestDevice) =>
      Object.keys((await query(server, viewer, bob)).master_keys[bob.userId].signatures ?? {});
    expect(await signers(alice)).toEqual([alice.userId]);
    expect(await signers(bob)).toEqual([]);
    expect(await signers(eve)).toEqual([]);
    expect(await server.crossSigning.visibleTo(undefined, [bob.userId])).toMatchObject({ signatures: [] });
  });

  test('each signature that is not right fails for itself', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice', 'A'), await server.user('bob', 'B')];
    const [ofAlice, ofBob] = [keySet(alice), keySet(bob)];
    for (const [device, { upload }] of [
      [alice, ofAlice],
      [bob, ofBob],
    ] as const) {
      await server.ask(device, 'POST', `${V3}/keys/upload`, { device_keys: deviceKeysOf(device) });
      await server.ask(device, 'POST', UPLOAD, upload);
    }
    const own = unsignedObject(deviceKeysOf(alice));
    const failures = async (userId: string, name: string, object: unknown) =>
      (await server.ask(alice, 'POST', SIGNATURES, { [userId]: { [name]: object } })).body.failures?.[userId]?.[name]
        .errcode;
    const by = (object: JsonObject, key: SigningKey) => signed(object, alice.userId, key);
    expect(await failures(alice.userId, 'A', by(own, ofAlice.user))).toBe('M_INVALID_SIGNATURE');
    expect(await failures(alice.userId, 'A', { ...by(own, ofAlice.self), algorithms: [] })).toBe('M_INVALID_PARAM');
    expect(await failures(alice.userId, 'A', own)).toBe('M_INVALID_SIGNATURE');
    expect(await failures(alice.userId, 'NONE', by(own, ofAlice.self))).toBe('M_NOT_FOUND');
    const bobsDevice = by(unsignedObject(deviceKeysOf(bob)), ofAlice.user);
    expect(await failures(bob.userId, 'B', bobsDevice)).toBe('M_NOT_FOUND');
    const { publicKey } = ofBob.master;
    expect(await failures(bob.userId, publicKey, by(ofBob.upload.master_key, ofAlice.self))).toBe(
      'M_INVALID_SIGNATURE',
    );
    expect(await failures(alice.userId, ofAlice.master.publicKey, ofAlice.upload.master_key)).toBe(
      'M_INVALID_SIGNATURE',
    );
    const good = by(own, ofAlice.self);
    const mixed = await server.ask(alice, 'POST', SIGNATURES, { [alice.userId]: { A: good, B: good } });
    expect(Object.keys(mixed.body.failures[alice.userId])).toEqual(['B']);
    const seen = (await query(server, bob, alice)).device_keys[alice.userId].A.signatures[alice.userId];
    expect(Object.keys(seen)).toContain(ofAlice.self.keyId);
  });

  test('bodies of another shape are refused', async () => {
    const server = await open();
    const alice = await server.user('alice');
    const verdict = async (body: unknown) => (await server.ask(alice, 'POST', SIGNATURES, body)).verdict;
    expect(await verdict({ [alice.userId]: { A: 5 } })).toBe('400 M_BAD_JSON');
    expect(await verdict({ [alice.userId]: { 'A\n': null } })).toBe('400 M_BAD_JSON');
    expect(await verdict({ alice: {} })).toBe('400 M_INVALID_PARAM');
    expect(await verdict({ [alice.userId]: { 'A\0': {} } })).toBe('200');
  });

  test('only who is logged in publishes keys, and guests have none', async () => {
    const server = await open();
    const guest = await server.guest();
    expect((await server.ask(undefined, 'POST', UPLOAD, {})).verdict).toBe('401 M_MISSING_TOKEN');
    expect((await server.ask(undefined, 'POST', SIGNATURES, {})).verdict).toBe('401 M_MISSING_TOKEN');
    expect((await server.ask(guest, 'POST', UPLOAD, keySet(guest).upload)).verdict).toBe(
      '403 M_GUEST_ACCESS_FORBIDDEN',
    );
  });

  test('a deactivated account has no keys', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    await server.ask(alice, 'POST', UPLOAD, keySet(alice).upload);
    await server.accounts.lifecycle.deactivate(alice.userId, { erase: false });
    expect((await query(server, bob, alice)).master_keys).toEqual({});
  });
});
