import { expect, test } from 'bun:test';
import type { ServerName, UserId } from '#protocol/identifiers/index.ts';
import { deviceKeysOf, oneTimeKeys, openEncryption, signed, testKey, V3 } from '#test/encryption.ts';
import { forEachEngine } from '#test/storage.ts';

const QUERY = `${V3}/keys/query`;
const UPLOAD = `${V3}/keys/upload`;
const CLAIM = `${V3}/keys/claim`;

forEachEngine('keys of devices', (engine) => {
  const open = async (options = {}) => openEncryption(await engine.open(), options);

  test('uploaded identity keys are answered to everybody who asks, with the name of the device', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const second = await server.login(alice.userId, 'ALICE2', 'Phone');
    for (const device of [alice, second]) {
      const answer = await server.ask(device, 'POST', UPLOAD, { device_keys: deviceKeysOf(device) });
      expect(answer.body).toEqual({ one_time_key_counts: { signed_curve25519: 0 } });
    }
    const all = await server.ask(bob, 'POST', QUERY, { device_keys: { [alice.userId]: [] } });
    expect(all.body).toEqual({
      device_keys: {
        [alice.userId]: {
          ALICE1: { ...deviceKeysOf(alice), unsigned: {} },
          ALICE2: { ...deviceKeysOf(second), unsigned: { device_display_name: 'Phone' } },
        },
      },
      master_keys: {},
      self_signing_keys: {},
      user_signing_keys: {},
      failures: {},
    });
    const one = await server.ask(bob, 'POST', QUERY, { device_keys: { [alice.userId]: ['ALICE2', 'NONE'] } });
    expect(Object.keys(one.body.device_keys[alice.userId])).toEqual(['ALICE2']);
  });

  test('users without keys and unknown users have an empty answer, other servers a failure', async () => {
    const server = await open();
    const alice = await server.user('alice');
    const query = { [alice.userId]: [], '@nobody:example.org': [], '@eve:elsewhere.org': [] };
    const { body } = await server.ask(alice, 'POST', QUERY, { device_keys: query });
    expect(body.device_keys).toEqual({ [alice.userId]: {}, '@nobody:example.org': {} });
    expect(Object.keys(body.failures)).toEqual(['elsewhere.org']);
  });

  test('a query of another shape is refused', async () => {
    const server = await open();
    const alice = await server.user('alice');
    const verdict = async (devices: unknown) =>
      (await server.ask(alice, 'POST', QUERY, { device_keys: devices })).verdict;
    expect(await verdict({ [alice.userId]: { ALICE1: true } })).toBe('400 M_BAD_JSON');
    expect(await verdict({ [alice.userId]: [5] })).toBe('400 M_BAD_JSON');
    expect(await verdict({ '@a\nb:example.org': null })).toBe('400 M_BAD_JSON');
    expect(await verdict({ alice: [] })).toBe('400 M_INVALID_PARAM');
    expect(await verdict(undefined)).toBe('400 M_MISSING_PARAM');
  });

  test('device keys that are not those of the uploading device are refused', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const verdict = async (keys: unknown) => (await server.ask(bob, 'POST', UPLOAD, { device_keys: keys })).verdict;
    const own = deviceKeysOf(bob);
    expect(await verdict(deviceKeysOf(alice))).toBe('400 M_BAD_JSON');
    expect(await verdict({ ...own, device_id: 'ALICE1' })).toBe('400 M_BAD_JSON');
    expect(await verdict({ user_id: bob.userId, device_id: bob.deviceId })).toBe('400 M_BAD_JSON');
    expect(await verdict({ ...own, algorithms: 'all' })).toBe('400 M_BAD_JSON');
    expect(await verdict({ ...own, keys: {} })).toBe('400 M_INVALID_PARAM');
    expect(await verdict({ ...own, keys: { 'ed25519:BOB1': 'short' } })).toBe('400 M_INVALID_PARAM');
    expect(await verdict({ ...own, algorithms: ['other'] })).toBe('400 M_INVALID_SIGNATURE');
    expect(await verdict([])).toBe('400 M_BAD_JSON');
    expect(await verdict(own)).toBe('200');
    // Unsigned keys are taken: nobody trusts them.
    expect(await verdict({ ...own, algorithms: ['other'], signatures: {} })).toBe('200');
  });

  test('the same one-time keys can be uploaded again, another key of the same id cannot', async () => {
    const server = await open();
    const alice = await server.user('alice');
    const counts = async (keys: object) =>
      (await server.ask(alice, 'POST', UPLOAD, { one_time_keys: keys })).body.one_time_key_counts;
    expect(await counts(oneTimeKeys(alice, 'a', 'b', 'c'))).toEqual({ signed_curve25519: 3 });
    expect(await counts(oneTimeKeys(alice, 'a', 'b', 'c'))).toEqual({ signed_curve25519: 3 });
    expect(await counts(oneTimeKeys(alice, 'b', 'c', 'd'))).toEqual({ signed_curve25519: 4 });
    expect(await counts({ 'curve25519:a': 'text' })).toEqual({ signed_curve25519: 4, curve25519: 1 });
    const other = { 'signed_curve25519:e': {}, 'signed_curve25519:a': { key: 'other' } };
    const mixed = { 'signed_curve25519:e': { key: 'new' }, 'signed_curve25519:a': { key: 'other' } };
    expect((await server.ask(alice, 'POST', UPLOAD, { one_time_keys: other })).verdict).toBe('400 M_BAD_JSON');
    expect((await server.ask(alice, 'POST', UPLOAD, { one_time_keys: mixed })).verdict).toBe('400 M_INVALID_PARAM');
    expect((await server.e2eKeys.keyStock(alice.userId, alice.deviceId)).counts).toEqual({
      signed_curve25519: 4,
      curve25519: 1,
    });
    const nameless = { one_time_keys: { signed_curve25519: { key: 'x' } } };
    expect((await server.ask(alice, 'POST', UPLOAD, nameless)).verdict).toBe('400 M_INVALID_PARAM');
  });

  test('one-time keys are given out once, in the order of their upload', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    for (const id of ['9', '1', '5']) {
      await server.ask(alice, 'POST', UPLOAD, { one_time_keys: oneTimeKeys(alice, id) });
    }
    const wanted = { one_time_keys: { [alice.userId]: { ALICE1: 'signed_curve25519', GONE: 'signed_curve25519' } } };
    for (const id of ['9', '1', '5']) {
      const { body } = await server.ask(bob, 'POST', CLAIM, wanted);
      expect(body).toEqual({
        one_time_keys: { [alice.userId]: { ALICE1: oneTimeKeys(alice, id) } },
        failures: {},
      });
    }
    expect((await server.ask(bob, 'POST', CLAIM, wanted)).body.one_time_keys).toEqual({});
    const counts = (await server.e2eKeys.keyStock(alice.userId, alice.deviceId)).counts;
    expect(counts).toEqual({ signed_curve25519: 0 });
  });

  test('null stands for no keys', async () => {
    const server = await open();
    const alice = await server.user('alice');
    const nothing = { device_keys: null, one_time_keys: null, fallback_keys: null };
    const { body } = await server.ask(alice, 'POST', UPLOAD, nothing);
    expect(body).toEqual({ one_time_key_counts: { signed_curve25519: 0 } });
    const wrong = await server.ask(alice, 'POST', UPLOAD, { device_keys: { ...deviceKeysOf(alice), keys: 5 } });
    expect([wrong.verdict, wrong.body.error]).toEqual(['400 M_BAD_JSON', "'device_keys.keys' must be object"]);
  });

  test('a claimed key is not accepted again as new, another key may have its id', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const upload = async (keys: object) => (await server.ask(alice, 'POST', UPLOAD, { one_time_keys: keys })).body;
    const wanted = { one_time_keys: { [alice.userId]: { ALICE1: 'signed_curve25519' } } };
    const claim = async () => (await server.ask(bob, 'POST', CLAIM, wanted)).body.one_time_keys[alice.userId]?.ALICE1;
    await upload(oneTimeKeys(alice, 'a', 'b'));
    expect(await claim()).toEqual(oneTimeKeys(alice, 'a'));
    // The answer to the upload got lost: the client sends it again.
    const repeated = await upload(oneTimeKeys(alice, 'a', 'b'));
    expect(repeated).toEqual({ one_time_key_counts: { signed_curve25519: 1 } });
    expect(await claim()).toEqual(oneTimeKeys(alice, 'b'));
    expect(await claim()).toBeUndefined();
    const other = { 'signed_curve25519:a': { key: 'other' } };
    expect(await upload(other)).toEqual({ one_time_key_counts: { signed_curve25519: 1 } });
    const counts = (await server.e2eKeys.keyStock(alice.userId, alice.deviceId)).counts;
    expect(counts).toEqual({ signed_curve25519: 1 });
    expect(await claim()).toEqual(other);
    expect(await claim()).toBeUndefined();
  });

  test('keys claimed long ago are forgotten at the next upload', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const wanted = { one_time_keys: { [alice.userId]: { ALICE1: 'signed_curve25519' } } };
    await server.ask(alice, 'POST', UPLOAD, { one_time_keys: oneTimeKeys(alice, 'a', 'b', 'c') });
    for (let n = 0; n < 2; n++) await server.ask(bob, 'POST', CLAIM, wanted);
    await server.storage.transactor.commit((batch) =>
      batch.add({ sql: "update one_time_keys set claimed_ts = 5 where key_id = 'a'", parameters: [] }, 1),
    );
    await server.ask(alice, 'POST', UPLOAD, { one_time_keys: oneTimeKeys(alice, 'd') });
    const left = await server.storage.reader.all<{ key_id: string }>({
      sql: 'select key_id from one_time_keys order by key_id',
      parameters: [],
    });
    expect(left.map((row) => row.key_id)).toEqual(['b', 'c', 'd']);
  });

  test('claims at the same time never get the same key', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const ids = Array.from({ length: 20 }, (_, n) => `key${n}`);
    await server.ask(alice, 'POST', UPLOAD, { one_time_keys: oneTimeKeys(alice, ...ids) });
    const wanted = { one_time_keys: { [alice.userId]: { ALICE1: 'signed_curve25519' } } };
    const answers = await Promise.all(ids.map(() => server.ask(bob, 'POST', CLAIM, wanted)));
    const given = answers.flatMap(({ body }) => Object.keys(body.one_time_keys[alice.userId].ALICE1));
    expect(given.toSorted()).toEqual(ids.map((id) => `signed_curve25519:${id}`).toSorted());
  });

  test('the fallback key is given when there is no other, again and again, and is then no longer unused', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const fallback = { 'signed_curve25519:f': { key: 'fallback', fallback: true } };
    await server.ask(alice, 'POST', UPLOAD, { one_time_keys: oneTimeKeys(alice, 'a'), fallback_keys: fallback });
    const unused = async () => (await server.e2eKeys.keyStock(alice.userId, alice.deviceId)).unusedFallbackTypes;
    const wanted = { one_time_keys: { [alice.userId]: { ALICE1: 'signed_curve25519' } } };
    const claim = async () => (await server.ask(bob, 'POST', CLAIM, wanted)).body.one_time_keys[alice.userId].ALICE1;
    expect(await claim()).toEqual(oneTimeKeys(alice, 'a'));
    expect(await unused()).toEqual(['signed_curve25519']);
    expect(await claim()).toEqual(fallback);
    expect(await unused()).toEqual([]);
    expect(await claim()).toEqual(fallback);
    await server.ask(alice, 'POST', UPLOAD, { fallback_keys: fallback });
    expect(await unused()).toEqual([]);
    await server.ask(alice, 'POST', UPLOAD, { fallback_keys: { 'signed_curve25519:g': { key: 'next' } } });
    expect(await unused()).toEqual(['signed_curve25519']);
    const two = { 'signed_curve25519:g': { key: 'a' }, 'signed_curve25519:h': { key: 'b' } };
    expect((await server.ask(alice, 'POST', UPLOAD, { fallback_keys: two })).verdict).toBe('400 M_INVALID_PARAM');
  });

  test('several keys of several algorithms can be claimed at once', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    await server.ask(alice, 'POST', UPLOAD, {
      one_time_keys: { ...oneTimeKeys(alice, 'a', 'b', 'c'), 'curve25519:x': 'text' },
    });
    const algorithms = ['signed_curve25519', 'signed_curve25519', 'curve25519'];
    const path = '/_matrix/client/unstable/org.matrix.msc3983/keys/claim';
    const { body } = await server.ask(bob, 'POST', path, { one_time_keys: { [alice.userId]: { ALICE1: algorithms } } });
    expect(Object.keys(body.one_time_keys[alice.userId].ALICE1).length).toBe(3);
    expect(body.one_time_keys[alice.userId].ALICE1['curve25519:x']).toBe('text');
  });

  test('another server answers for its own users only', async () => {
    const mallory = '@mallory:elsewhere.org' as UserId;
    const server = await open({
      remoteKeys: {
        async query(name: ServerName, request: Map<UserId, string[]>) {
          expect([name as string, [...request.keys()]]).toEqual(['elsewhere.org', [mallory]]);
          return { device_keys: { [mallory]: { M: {} }, '@alice:example.org': {} }, master_keys: { [mallory]: {} } };
        },
        claim: () => Promise.reject(new Error('offline')),
      },
    });
    const alice = await server.user('alice');
    await server.ask(alice, 'POST', UPLOAD, { device_keys: deviceKeysOf(alice) });
    const query = { device_keys: { [alice.userId]: [], [mallory]: [] } };
    const { body } = await server.ask(alice, 'POST', QUERY, query);
    expect(Object.keys(body.device_keys[alice.userId])).toEqual(['ALICE1']);
    expect(body.device_keys[mallory]).toEqual({ M: {} });
    expect(body.master_keys).toEqual({ [mallory]: {} });
    const claim = await server.ask(alice, 'POST', CLAIM, { one_time_keys: { [mallory]: { M: 'signed_curve25519' } } });
    expect(claim.body).toEqual({ one_time_keys: {}, failures: { 'elsewhere.org': expect.anything() } });
  });

  test('the keys of a deleted device and of a deactivated account are gone', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const second = await server.login(alice.userId, 'ALICE2');
    for (const device of [alice, second]) {
      const keys = { device_keys: deviceKeysOf(device), one_time_keys: oneTimeKeys(device, 'a') };
      await server.ask(device, 'POST', UPLOAD, { ...keys, fallback_keys: { 'signed_curve25519:f': { key: 'f' } } });
    }
    const known = async () =>
      Object.keys(
        (await server.ask(bob, 'POST', QUERY, { device_keys: { [alice.userId]: [] } })).body.device_keys[alice.userId],
      );
    await server.accounts.devices.delete(alice.userId, [second.deviceId]);
    expect(await known()).toEqual(['ALICE1']);
    const wanted = { one_time_keys: { [alice.userId]: { ALICE2: 'signed_curve25519' } } };
    expect((await server.ask(bob, 'POST', CLAIM, wanted)).body.one_time_keys).toEqual({});
    await server.accounts.lifecycle.deactivate(alice.userId, { erase: false });
    expect(await known()).toEqual([]);
    const left = await server.storage.reader.all({ sql: 'select * from one_time_keys', parameters: [] });
    expect(left).toEqual([]);
  });

  test('nobody asks without an access token', async () => {
    const server = await open();
    for (const path of [UPLOAD, QUERY, CLAIM]) {
      expect((await server.ask(undefined, 'POST', path, {})).verdict).toBe('401 M_MISSING_TOKEN');
    }
  });

  test('guests have keys like everybody', async () => {
    const server = await open();
    const guest = await server.guest();
    expect((await server.ask(guest, 'POST', UPLOAD, { device_keys: deviceKeysOf(guest) })).verdict).toBe('200');
    const query = { device_keys: { [guest.userId]: [] } };
    const { body } = await server.ask(guest, 'POST', QUERY, query);
    expect(Object.keys(body.device_keys[guest.userId])).toEqual(['GUEST']);
  });

  test('a change of identity drops the signatures on the old one', async () => {
    const server = await open();
    const alice = await server.user('alice');
    await server.ask(alice, 'POST', UPLOAD, { device_keys: deviceKeysOf(alice) });
    const master = testKey(alice.userId, 'master');
    const selfSigning = testKey(alice.userId, 'self');
    const key = (usage: string, { publicKey }: typeof master) => ({
      user_id: alice.userId,
      usage: [usage],
      keys: { [`ed25519:${publicKey}`]: publicKey },
    });
    const name = (signing: typeof master) => ({ ...signing, keyId: `ed25519:${signing.publicKey}` as never });
    await server.ask(alice, 'POST', `${V3}/keys/device_signing/upload`, {
      master_key: key('master', master),
      self_signing_key: signed(key('self_signing', selfSigning), alice.userId, name(master)),
    });
    const object = signed({ ...deviceKeysOf(alice), signatures: {} }, alice.userId, name(selfSigning));
    const upload = await server.ask(alice, 'POST', `${V3}/keys/signatures/upload`, {
      [alice.userId]: { ALICE1: object },
    });
    expect(upload.body).toEqual({ failures: {} });
    const signers = async () => {
      const { body } = await server.ask(alice, 'POST', QUERY, { device_keys: { [alice.userId]: [] } });
      return Object.keys(body.device_keys[alice.userId].ALICE1.signatures[alice.userId]).length;
    };
    expect(await signers()).toBe(2);
    await server.ask(alice, 'POST', UPLOAD, { device_keys: deviceKeysOf(alice, 'other') });
    expect(await signers()).toBe(1);
  });
});
