import { expect, test } from 'bun:test';
import type { DeviceId } from '#protocol/identifiers/index.ts';
import {
  deviceKeysOf,
  oneTimeKeys,
  openEncryption,
  type TestDevice,
  type TestEncryption,
  V3,
} from '#test/encryption.ts';
import { forEachEngine } from '#test/storage.ts';

const DEVICE = '/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device';

function upload({ userId }: TestDevice, deviceId: string, salt = '') {
  const device = { userId, deviceId: deviceId as DeviceId, token: '' };
  return {
    device_id: deviceId,
    device_data: { algorithm: 'org.matrix.msc3814.v2', device_pickle: `pickle ${deviceId}` },
    device_keys: deviceKeysOf(device, salt),
    one_time_keys: oneTimeKeys(device, 'a', 'b'),
    fallback_keys: { 'signed_curve25519:f': { key: 'f', fallback: true } },
    initial_device_display_name: 'Dehydrated',
  };
}

async function send(server: TestEncryption, from: TestDevice, to: TestDevice, deviceId: string, n: number) {
  const messages = { [to.userId]: { [deviceId]: { n } } };
  await server.ask(from, 'PUT', `${V3}/sendToDevice/my.type/${deviceId}${n}`, { messages });
}

forEachEngine('dehydrated devices', (engine) => {
  const open = async () => {
    const server = await openEncryption(await engine.open());
    return { server, alice: await server.user('alice'), bob: await server.user('bob') };
  };
  const devicesOf = async (server: TestEncryption, viewer: TestDevice, { userId }: TestDevice) => {
    const answer = await server.ask(viewer, 'POST', `${V3}/keys/query`, { device_keys: { [userId]: [] } });
    return answer.body.device_keys[userId];
  };

  test('are put, got and deleted, with their keys', async () => {
    const { server, alice, bob } = await open();
    await server.room(alice, bob);
    const before = server.streams.current();
    expect((await server.ask(alice, 'GET', DEVICE)).verdict).toBe('404 M_NOT_FOUND');
    expect((await server.ask(alice, 'PUT', DEVICE, upload(alice, 'DRY'))).body).toEqual({ device_id: 'DRY' });
    expect((await server.ask(alice, 'GET', DEVICE)).body).toEqual({
      device_id: 'DRY',
      device_data: upload(alice, 'DRY').device_data,
    });
    expect(await devicesOf(server, bob, alice)).toMatchObject({
      DRY: { ...upload(alice, 'DRY').device_keys, unsigned: { device_display_name: 'Dehydrated' } },
    });
    const { changed } = await server.deviceLists.deviceListChanges(bob.userId, before, server.streams.current());
    expect(changed).toEqual([alice.userId]);
    const claim = { one_time_keys: { [alice.userId]: { DRY: 'signed_curve25519' } } };
    const claimed = await server.ask(bob, 'POST', `${V3}/keys/claim`, claim);
    expect(Object.keys(claimed.body.one_time_keys[alice.userId].DRY)).toEqual(['signed_curve25519:a']);
    expect((await server.accounts.devices.ofUser(alice.userId)).map(({ deviceId }) => deviceId as string)).toEqual([
      'ALICE1',
    ]);
    expect((await server.ask(alice, 'DELETE', DEVICE)).body).toEqual({ device_id: 'DRY' });
    expect((await server.ask(alice, 'DELETE', DEVICE)).verdict).toBe('404 M_NOT_FOUND');
    expect(await devicesOf(server, bob, alice)).toEqual({});
    expect((await server.ask(bob, 'POST', `${V3}/keys/claim`, claim)).body.one_time_keys).toEqual({});
  });

  test('take the place of the one before, also under the same id', async () => {
    const { server, alice, bob } = await open();
    await server.ask(alice, 'PUT', DEVICE, upload(alice, 'DRY'));
    await send(server, bob, alice, 'DRY', 1);
    await server.ask(alice, 'PUT', DEVICE, upload(alice, 'DRIER'));
    expect(Object.keys(await devicesOf(server, bob, alice))).toEqual(['DRIER']);
    expect((await server.ask(alice, 'GET', `${DEVICE}/DRY/events`)).verdict).toBe('403 M_FORBIDDEN');
    await send(server, bob, alice, 'DRIER', 1);
    for (const salt of ['', 'other']) {
      expect((await server.ask(alice, 'PUT', DEVICE, upload(alice, 'DRIER', salt))).verdict).toBe('200');
      expect((await devicesOf(server, bob, alice)).DRIER.keys).toEqual(upload(alice, 'DRIER', salt).device_keys.keys);
      expect((await server.ask(alice, 'GET', `${DEVICE}/DRIER/events`)).body).toEqual({ events: [] });
    }
  });

  test('of several put at the same time one remains', async () => {
    const { server, alice, bob } = await open();
    const answers = await Promise.all(['A', 'B', 'C'].map((id) => server.ask(alice, 'PUT', DEVICE, upload(alice, id))));
    expect(answers.map(({ verdict }) => verdict)).toEqual(['200', '200', '200']);
    const { body } = await server.ask(alice, 'GET', DEVICE);
    expect(Object.keys(await devicesOf(server, bob, alice))).toEqual([body.device_id]);
  });

  test('collect messages, which are read page by page and stay until the device goes', async () => {
    const { server, alice, bob } = await open();
    await server.ask(alice, 'PUT', DEVICE, upload(alice, 'DRY'));
    for (const n of [1, 2, 3]) await send(server, bob, alice, 'DRY', n);
    const numbers = (events: { content: { n: number } }[]) => events.map(({ content }) => content.n);
    const path = `${DEVICE}/DRY/events`;
    const first = (await server.ask(alice, 'GET', `${path}?limit=2`)).body;
    expect(numbers(first.events)).toEqual([1, 2]);
    expect(first.events[0]).toEqual({ sender: bob.userId, type: 'my.type', content: { n: 1 } });
    const last = (await server.ask(alice, 'GET', `${path}?limit=2&from=${first.next_batch}`)).body;
    expect([numbers(last.events), last.next_batch]).toEqual([[3], undefined]);
    expect(numbers((await server.ask(alice, 'GET', path)).body.events)).toEqual([1, 2, 3]);
    // The older form: ask until there are none.
    const read: number[] = [];
    let body = {};
    for (;;) {
      const page = (await server.ask(alice, 'POST', `${path}?limit=2`, body)).body;
      if (page.events.length === 0) break;
      read.push(...numbers(page.events));
      body = { next_batch: page.next_batch };
    }
    expect(read).toEqual([1, 2, 3]);
    expect((await server.ask(alice, 'GET', `${path}?from=nonsense`)).verdict).toBe('400 M_INVALID_PARAM');
  });

  test('are refused with the id of another device, or with keys of another', async () => {
    const { server, alice, bob } = await open();
    const verdict = async (body: unknown) => (await server.ask(alice, 'PUT', DEVICE, body)).verdict;
    expect(await verdict(upload(alice, 'ALICE1'))).toBe('400 M_INVALID_PARAM');
    expect(await verdict({ ...upload(alice, 'DRY'), device_id: 'WET' })).toBe('400 M_BAD_JSON');
    expect(await verdict(upload(bob, 'DRY'))).toBe('400 M_BAD_JSON');
    const { device_keys: _, ...keyless } = upload(alice, 'DRY');
    expect(await verdict(keyless)).toBe('400 M_MISSING_PARAM');
    const { algorithms: __, ...shapeless } = upload(alice, 'DRY').device_keys;
    expect((await verdict({ ...upload(alice, 'DRY'), device_keys: shapeless })).slice(0, 3)).toBe('400');
    expect(await verdict({ ...upload(alice, 'DRY'), device_data: { pickle: 'x' } })).toBe('400 M_MISSING_PARAM');
    expect((await server.ask(alice, 'GET', DEVICE)).verdict).toBe('404 M_NOT_FOUND');
  });

  test('are private to their user', async () => {
    const { server, alice, bob } = await open();
    const guest = await server.guest();
    await server.ask(alice, 'PUT', DEVICE, upload(alice, 'DRY'));
    await server.ask(bob, 'PUT', DEVICE, upload(bob, 'BOBDRY'));
    for (const method of ['GET', 'POST']) {
      const body = method === 'POST' ? {} : undefined;
      expect((await server.ask(bob, method, `${DEVICE}/DRY/events`, body)).verdict).toBe('403 M_FORBIDDEN');
      expect((await server.ask(bob, method, `${DEVICE}/BOB1/events`, body)).verdict).toBe('403 M_FORBIDDEN');
      expect((await server.ask(undefined, method, `${DEVICE}/DRY/events`, body)).verdict).toBe('401 M_MISSING_TOKEN');
    }
    await server.ask(bob, 'DELETE', DEVICE);
    expect((await server.ask(alice, 'GET', DEVICE)).body.device_id).toBe('DRY');
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const body = method === 'PUT' ? upload(alice, 'DRY') : undefined;
      expect((await server.ask(undefined, method, DEVICE, body)).verdict).toBe('401 M_MISSING_TOKEN');
      expect((await server.ask(guest, method, DEVICE, body)).verdict).toBe('403 M_GUEST_ACCESS_FORBIDDEN');
    }
  });

  test('go with the account, and when they are deleted like any device', async () => {
    const { server, alice, bob } = await open();
    await server.ask(alice, 'PUT', DEVICE, upload(alice, 'DRY'));
    await server.accounts.devices.delete(alice.userId, ['DRY' as DeviceId]);
    expect((await server.ask(alice, 'GET', DEVICE)).verdict).toBe('404 M_NOT_FOUND');
    await server.ask(bob, 'PUT', DEVICE, upload(bob, 'BOBDRY'));
    await server.accounts.lifecycle.deactivate(bob.userId, { erase: false });
    expect(await server.storage.reader.all({ sql: 'select * from dehydrated_devices', parameters: [] })).toEqual([]);
  });
});
