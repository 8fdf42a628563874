import { expect, test } from 'bun:test';
import type { KeyId } from '#protocol/identifiers/index.ts';
import {
  deviceKeysOf,
  openEncryption,
  signed,
  type TestDevice,
  type TestEncryption,
  testKey,
  V3,
} from '#test/encryption.ts';
import { forEachEngine } from '#test/storage.ts';

async function delta(server: TestEncryption, { userId }: TestDevice, since: number) {
  const { changed, left } = await server.deviceLists.deviceListChanges(userId, since, server.streams.current());
  return { changed: changed.toSorted() as string[], left: left.toSorted() as string[] };
}

const NOTHING = { changed: [], left: [] };

async function uploadKeys(server: TestEncryption, device: TestDevice, salt = '') {
  await server.ask(device, 'POST', `${V3}/keys/upload`, { device_keys: deviceKeysOf(device, salt) });
}

forEachEngine('device lists', (engine) => {
  const open = async () => {
    const server = await openEncryption(await engine.open());
    const [alice, bob, eve] = [await server.user('alice'), await server.user('bob'), await server.user('eve')];
    return { server, alice, bob, eve, now: () => server.streams.current() };
  };

  test('tell of new keys to those who share a room and to the user, and to no others', async () => {
    const { server, alice, bob, eve, now } = await open();
    await server.room(alice, bob);
    const before = now();
    await uploadKeys(server, bob);
    expect(await delta(server, alice, before)).toEqual({ changed: [bob.userId], left: [] });
    expect(await delta(server, bob, before)).toEqual({ changed: [bob.userId], left: [] });
    expect(await delta(server, eve, before)).toEqual(NOTHING);
    const after = now();
    await uploadKeys(server, bob);
    expect(await delta(server, alice, after)).toEqual(NOTHING);
    expect(await delta(server, alice, before)).toEqual({ changed: [bob.userId], left: [] });
  });

  test('tell of a login, a new name and a deletion', async () => {
    const { server, alice, bob, now } = await open();
    await server.room(alice, bob);
    const actions = [
      () => server.login(bob.userId, 'BOB2'),
      () => server.accounts.devices.rename(bob.userId, bob.deviceId, 'Phone'),
      () => server.accounts.devices.delete(bob.userId, [bob.deviceId]),
    ];
    for (const act of actions) {
      const before = now();
      await act();
      expect(await delta(server, alice, before)).toEqual({ changed: [bob.userId], left: [] });
    }
  });

  test('wake those who share a room with a user whose keys change, once they have asked', async () => {
    const { server, alice, bob, eve, now } = await open();
    await server.room(alice, bob);
    for (const { userId } of [alice, eve]) await server.rooms.joined.of(userId);
    const stop = new AbortController();
    const woken: string[] = [];
    const waits = [alice, eve].map(({ userId }) =>
      server.streams.waitForUser(userId, now(), 60_000, stop.signal).then(() => {
        if (!stop.signal.aborted) woken.push(userId);
      }),
    );
    await uploadKeys(server, bob);
    await waits[0];
    stop.abort();
    await waits[1];
    expect(woken).toEqual([alice.userId]);
  });

  test('tell of a user who joins, and who leaves the last shared room', async () => {
    const { server, alice, bob, now } = await open();
    const [roomId, other] = [await server.room(alice), await server.room(alice)];
    const start = now();
    await server.move(roomId, bob, 'join');
    expect(await delta(server, alice, start)).toEqual({ changed: [bob.userId], left: [] });
    await server.move(other, bob, 'join');
    const both = now();
    await server.move(roomId, bob, 'leave');
    expect(await delta(server, alice, both)).toEqual(NOTHING);
    const one = now();
    await server.move(other, bob, 'leave');
    expect(await delta(server, alice, one)).toEqual({ changed: [], left: [bob.userId] });
    const none = now();
    await uploadKeys(server, bob);
    expect(await delta(server, alice, none)).toEqual(NOTHING);
    await server.move(other, bob, 'join');
    expect(await delta(server, alice, none)).toEqual({ changed: [bob.userId], left: [] });
  });

  test('tell whoever joins a room of all who are there, and whoever leaves it of all who are not shared any longer', async () => {
    const { server, alice, bob, eve, now } = await open();
    const roomId = await server.room(bob, eve);
    await server.room(alice, eve);
    const before = now();
    await server.move(roomId, alice, 'join');
    expect(await delta(server, alice, before)).toEqual({ changed: [bob.userId, eve.userId], left: [] });
    const joined = now();
    await server.move(roomId, alice, 'leave');
    expect(await delta(server, alice, joined)).toEqual({ changed: [], left: [bob.userId] });
    expect(await delta(server, bob, joined)).toEqual({ changed: [], left: [alice.userId] });
    // In and out between two syncs: nothing was known, nothing is lost.
    expect(await delta(server, alice, before)).toEqual(NOTHING);
  });

  test('tell of somebody who went and came back, and of changes in between', async () => {
    const { server, alice, bob, now } = await open();
    const roomId = await server.room(alice, bob);
    const before = now();
    await server.move(roomId, alice, 'leave');
    await uploadKeys(server, bob);
    await server.move(roomId, alice, 'join');
    expect(await delta(server, alice, before)).toEqual({ changed: [bob.userId], left: [] });
  });

  test('tell of somebody who is invited, and do not take a new name in a room for a join', async () => {
    const { server, alice, bob, eve, now } = await open();
    const roomId = await server.room(alice, bob);
    const before = now();
    await server.move(roomId, eve, 'invite', alice);
    expect(await delta(server, alice, before)).toEqual({ changed: [eve.userId], left: [] });
    const invited = now();
    const content = { membership: 'join', displayname: 'Bobby' };
    await server.rooms.engine.send(roomId, {
      type: 'm.room.member',
      stateKey: bob.userId,
      sender: bob.userId,
      content,
    });
    expect(await delta(server, alice, invited)).toEqual(NOTHING);
  });

  test('tell the same after a restart, when nothing is in memory', async () => {
    const config = await engine.newDatabase();
    const storage = await engine.reopen(config);
    const first = await openEncryption(storage);
    const [alice, bob, eve] = [await first.user('alice'), await first.user('bob'), await first.user('eve')];
    const [shared, left] = [await first.room(alice, bob), await first.room(eve, alice)];
    expect(shared).not.toBe(left);
    const before = first.streams.current();
    await first.move(left, alice, 'leave');
    await uploadKeys(first, bob);
    await storage[Symbol.asyncDispose]();
    const second = await openEncryption(await engine.reopen(config));
    const { changed, left: gone } = await second.deviceLists.deviceListChanges(
      alice.userId,
      before,
      before + 1_000_000,
    );
    expect([changed, gone]).toEqual([[bob.userId], [eve.userId]]);
  });

  test('reach many who share rooms with many', async () => {
    const { server, alice, now } = await open();
    const others = await Promise.all(Array.from({ length: 20 }, (_, n) => server.user(`user${n}`)));
    await server.room(alice, ...others.slice(0, 18));
    const before = now();
    for (const other of others) await uploadKeys(server, other);
    const expected = others.slice(0, 18).map(({ userId }) => userId);
    expect((await delta(server, alice, before)).changed).toEqual(expected.toSorted());
  });

  test('tell of signatures by the user-signing key to their maker alone', async () => {
    const { server, alice, bob, now } = await open();
    await server.room(alice, bob);
    const published = ({ userId }: TestDevice, usage: string) => {
      const { publicKey, privateKey } = testKey(userId, usage);
      const keyId = `ed25519:${publicKey}` as KeyId;
      return {
        key: { keyId, publicKey, privateKey },
        object: { user_id: userId, usage: [usage], keys: { [keyId]: publicKey } },
      };
    };
    const set = (device: TestDevice) => {
      const [master, user] = [published(device, 'master'), published(device, 'user_signing')];
      const body = { master_key: master.object, user_signing_key: signed(user.object, device.userId, master.key) };
      return { master, user, body };
    };
    const [ofAlice, ofBob] = [set(alice), set(bob)];
    const start = now();
    await server.ask(alice, 'POST', `${V3}/keys/device_signing/upload`, ofAlice.body);
    await server.ask(bob, 'POST', `${V3}/keys/device_signing/upload`, ofBob.body);
    expect((await delta(server, alice, start)).changed).toEqual([alice.userId, bob.userId]);
    const before = now();
    const object = signed(ofBob.master.object, alice.userId, ofAlice.user.key);
    await server.ask(alice, 'POST', `${V3}/keys/signatures/upload`, {
      [bob.userId]: { [ofBob.master.key.publicKey]: object },
    });
    expect(await delta(server, alice, before)).toEqual({ changed: [bob.userId], left: [] });
    expect(await delta(server, bob, before)).toEqual(NOTHING);
  });

  test('are asked for between two sync tokens', async () => {
    const { server, alice, bob, eve, now } = await open();
    await server.room(alice, bob);
    const before = now();
    await uploadKeys(server, bob);
    const ask = async (device: TestDevice | undefined, from: string, to: string) =>
      server.ask(device, 'GET', `${V3}/keys/changes?from=${from}&to=${to}`);
    expect((await ask(alice, `s${before}`, `s${now()}`)).body).toEqual({ changed: [bob.userId], left: [] });
    expect((await ask(eve, `s${before}`, `s${now()}`)).body).toEqual(NOTHING);
    expect((await ask(alice, `s${now()}`, `s${before}`)).body).toEqual(NOTHING);
    expect((await ask(alice, 's99999999', 's99999999')).body).toEqual(NOTHING);
    expect((await ask(alice, 'yesterday', `s${now()}`)).verdict).toBe('400 M_INVALID_PARAM');
    expect((await ask(alice, `s${before}`, 'today')).verdict).toBe('400 M_INVALID_PARAM');
    expect((await server.ask(alice, 'GET', `${V3}/keys/changes`)).verdict).toBe('400 M_MISSING_PARAM');
    expect((await ask(undefined, `s${before}`, `s${now()}`)).verdict).toBe('401 M_MISSING_TOKEN');
  });

  test('tell of a deactivated account', async () => {
    const { server, alice, bob, now } = await open();
    await server.room(alice, bob);
    const before = now();
    await server.accounts.lifecycle.deactivate(bob.userId, { erase: false });
    expect(await delta(server, alice, before)).toEqual({ changed: [bob.userId], left: [] });
  });
});
