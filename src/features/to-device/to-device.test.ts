import { expect, test } from 'bun:test';
import { systemClock } from '#platform/clock/index.ts';
import type { ServerName, UserId } from '#protocol/identifiers/index.ts';
import { openEncryption, type TestDevice, type TestEncryption, V3 } from '#test/encryption.ts';
import { forEachEngine } from '#test/storage.ts';
import type { DirectToDevice } from './index.ts';

const path = (txnId: string, type = 'my.type') => `${V3}/sendToDevice/${type}/${txnId}`;

async function inbox(server: TestEncryption, { userId, deviceId }: TestDevice, since = 0, limit = 100) {
  const { messages, ...rest } = await server.toDevice.messagesFor(
    userId,
    deviceId,
    since,
    server.streams.current(),
    limit,
  );
  return { messages: messages.map((text) => JSON.parse(text)), ...rest };
}

forEachEngine('to-device messages', (engine) => {
  const open = async (options = {}) => openEncryption(await engine.open(), options);

  test('reach the devices they are for, and nobody else', async () => {
    const server = await open();
    const [alice, bob, eve] = [await server.user('alice'), await server.user('bob'), await server.user('eve')];
    const second = await server.login(bob.userId, 'BOB2');
    const messages = { [bob.userId]: { BOB1: { n: 1 } }, [alice.userId]: { ALICE1: { n: 2 }, GONE: {} } };
    expect((await server.ask(alice, 'PUT', path('1'), { messages })).body).toEqual({});
    const event = (content: object) => ({ sender: alice.userId, type: 'my.type', content });
    expect((await inbox(server, bob)).messages).toEqual([event({ n: 1 })]);
    expect((await inbox(server, alice)).messages).toEqual([event({ n: 2 })]);
    expect((await inbox(server, second)).messages).toEqual([]);
    expect((await inbox(server, eve)).messages).toEqual([]);
  });

  test('for * reach all devices of a user, and what is for one device goes before', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const second = await server.login(bob.userId, 'BOB2');
    const messages = { [bob.userId]: { '*': { for: 'all' }, BOB2: { for: 'one' } } };
    await server.ask(alice, 'PUT', path('1'), { messages });
    expect((await inbox(server, bob)).messages).toMatchObject([{ content: { for: 'all' } }]);
    expect((await inbox(server, second)).messages).toMatchObject([{ content: { for: 'one' } }]);
  });

  test('are delivered once however often a transaction is repeated, also at the same time and after a restart', async () => {
    const config = await engine.newDatabase();
    const storage = await engine.reopen(config);
    const server = await openEncryption(storage);
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const second = await server.login(alice.userId, 'ALICE2');
    const body = { messages: { [bob.userId]: { BOB1: {} } } };
    const answers = await Promise.all([1, 2, 3].map(() => server.ask(alice, 'PUT', path('same'), body)));
    expect(answers.map(({ verdict }) => verdict)).toEqual(['200', '200', '200']);
    expect((await inbox(server, bob)).messages.length).toBe(1);
    await storage[Symbol.asyncDispose]();
    const again = await openEncryption(await engine.reopen(config));
    expect((await again.ask(alice, 'PUT', path('same'), body)).verdict).toBe('200');
    expect((await inbox(again, bob)).messages.length).toBe(1);
    // Another device, another type, another transaction: another message.
    await again.ask(second, 'PUT', path('same'), body);
    await again.ask(alice, 'PUT', path('same', 'other.type'), body);
    await again.ask(alice, 'PUT', path('next'), body);
    expect((await inbox(again, bob)).messages.length).toBe(4);
  });

  test('come in the order of sending, a page at a time, until they are acknowledged', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    for (let n = 0; n < 5; n++) {
      await server.ask(alice, 'PUT', path(`${n}`), { messages: { [bob.userId]: { BOB1: { n } } } });
    }
    const numbers = (page: Awaited<ReturnType<typeof inbox>>) => page.messages.map(({ content }) => content.n);
    const first = await inbox(server, bob, 0, 3);
    expect([numbers(first), first.hasMore]).toEqual([[0, 1, 2], true]);
    expect(numbers(await inbox(server, bob, 0, 3))).toEqual([0, 1, 2]);
    await server.toDevice.acknowledge(bob.userId, bob.deviceId, first.upTo);
    const second = await inbox(server, bob, first.upTo, 3);
    expect([numbers(second), second.hasMore, second.upTo]).toEqual([[3, 4], false, server.streams.current()]);
    expect(numbers(await inbox(server, bob, 0))).toEqual([3, 4]);
    await server.toDevice.acknowledge(bob.userId, bob.deviceId, second.upTo);
    expect(numbers(await inbox(server, bob, 0))).toEqual([]);
    // What comes after is deleted by the next acknowledgement, though nothing was to be deleted in between.
    await server.toDevice.acknowledge(bob.userId, bob.deviceId, second.upTo + 1_000_000);
    await server.ask(alice, 'PUT', path('6'), { messages: { [bob.userId]: { BOB1: { n: 6 } } } });
    expect(numbers(await inbox(server, bob, second.upTo))).toEqual([6]);
    await server.toDevice.acknowledge(bob.userId, bob.deviceId, server.streams.current());
    expect(numbers(await inbox(server, bob, 0))).toEqual([]);
  });

  test('of one device come in the order in which they were sent, also when the recipients of the first are found late', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const { devices } = server.accounts;
    const devicesOf = devices.devicesOf.bind(devices);
    const delays = [0, 30, 0, 10, 0];
    devices.devicesOf = async (userIds) => {
      await systemClock.sleep(delays.shift() ?? 0);
      return devicesOf(userIds);
    };
    const send = (n: number) => server.ask(alice, 'PUT', path(`${n}`), { messages: { [bob.userId]: { BOB1: { n } } } });
    // The first makes the access token known: while it is looked up, requests may overtake each other.
    await send(0);
    await Promise.all([1, 2, 3, 4].map(send));
    expect((await inbox(server, bob)).messages.map(({ content }) => content.n)).toEqual([0, 1, 2, 3, 4]);
  });

  test('that were written although the database did not say so are delivered, once', async () => {
    const storage = await engine.open();
    let isLost = false;
    const { transactor } = storage;
    const server = await openEncryption({
      ...storage,
      transactor: {
        async commit(build) {
          const value = await transactor.commit(build);
          if (!isLost) return value;
          isLost = false;
          throw new Error('the connection failed, and whether the write happened is unknown');
        },
      },
    });
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const since = server.streams.current();
    const send = () => server.ask(alice, 'PUT', path('1'), { messages: { [bob.userId]: { BOB1: {} } } });
    isLost = true;
    expect((await send()).verdict).toBe('500 M_UNKNOWN');
    expect((await send()).verdict).toBe('200');
    expect((await inbox(server, bob, since)).messages.length).toBe(1);
  });

  test('an acknowledgement concerns one device of one user', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const second = await server.login(bob.userId, 'BOB2');
    await server.ask(alice, 'PUT', path('1'), { messages: { [bob.userId]: { '*': {} } } });
    await server.toDevice.acknowledge(bob.userId, bob.deviceId, server.streams.current());
    await server.toDevice.acknowledge(alice.userId, second.deviceId, server.streams.current());
    expect((await inbox(server, bob)).messages.length).toBe(0);
    expect((await inbox(server, second)).messages.length).toBe(1);
  });

  test('wake the users they are for', async () => {
    const server = await open();
    const [alice, bob, eve] = [await server.user('alice'), await server.user('bob'), await server.user('eve')];
    const now = server.streams.current();
    const stop = new AbortController();
    let woken = '';
    const waits = [bob, eve].map(({ userId }) =>
      server.streams.waitForUser(userId, now, 60_000, stop.signal).then(() => {
        if (!stop.signal.aborted) woken += userId;
      }),
    );
    await server.ask(alice, 'PUT', path('1'), { messages: { [bob.userId]: { BOB1: {} } } });
    await waits[0];
    stop.abort();
    await waits[1];
    expect(woken).toBe(bob.userId);
  });

  test('that are too large or of another shape are refused', async () => {
    const server = await open();
    const alice = await server.user('alice');
    const verdict = async (messages: unknown) => (await server.ask(alice, 'PUT', path('1'), { messages })).verdict;
    const to = (content: unknown) => ({ [alice.userId]: { ALICE1: content } });
    expect(await verdict(to({ text: 'x'.repeat(65_536) }))).toBe('413 M_TOO_LARGE');
    expect(await verdict(to('text'))).toBe('400 M_BAD_JSON');
    expect(await verdict({ [alice.userId]: { 'A\n': null } })).toBe('400 M_BAD_JSON');
    expect(await verdict({ alice: {} })).toBe('400 M_INVALID_PARAM');
    expect(await verdict(undefined)).toBe('400 M_MISSING_PARAM');
    expect((await inbox(server, alice)).messages).toEqual([]);
    expect(await verdict(to({ text: 'x'.repeat(65_000) }))).toBe('200');
  });

  test('to other servers are queued in one EDU each', async () => {
    const queued: [ServerName, DirectToDevice][] = [];
    const server = await open({ queued });
    const alice = await server.user('alice');
    const messages = { '@a:one.org': { A: { n: 1 } }, '@b:one.org': { '*': { n: 2 } }, '@c:two.org': { C: {} } };
    await server.ask(alice, 'PUT', path('1'), { messages });
    expect(queued.map(([name, edu]) => [name as string, Object.keys(edu.messages)])).toEqual([
      ['one.org', ['@a:one.org', '@b:one.org']],
      ['two.org', ['@c:two.org']],
    ]);
    expect(queued[0]?.[1]).toMatchObject({ sender: alice.userId, type: 'my.type' });
    expect(queued[0]?.[1].message_id).not.toBe(queued[1]?.[1].message_id);
  });

  test('from other servers reach local devices', async () => {
    const server = await open();
    const alice = await server.user('alice');
    const sender = '@far:away.org' as UserId;
    const deliver = await server.toDevice.receive(sender, 'my.type', { [alice.userId]: { '*': { n: 1 } } });
    await server.streams.commit(deliver);
    expect((await inbox(server, alice)).messages).toEqual([{ sender, type: 'my.type', content: { n: 1 } }]);
  });

  test('floods of requests for keys are dropped, except to oneself', async () => {
    const server = await open({ mayRequestKeys: () => false });
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const messages = { [bob.userId]: { BOB1: {} }, [alice.userId]: { ALICE1: {} } };
    await server.ask(alice, 'PUT', path('1', 'm.room_key_request'), { messages });
    expect((await inbox(server, bob)).messages.length).toBe(0);
    expect((await inbox(server, alice)).messages.length).toBe(1);
    await server.ask(alice, 'PUT', path('2'), { messages });
    expect((await inbox(server, bob)).messages.length).toBe(1);
  });

  test('go with the device, and with the account', async () => {
    const server = await open();
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const second = await server.login(bob.userId, 'BOB2');
    await server.ask(alice, 'PUT', path('1'), { messages: { [bob.userId]: { '*': {} } } });
    await server.accounts.devices.delete(bob.userId, [second.deviceId]);
    expect((await inbox(server, second)).messages).toEqual([]);
    expect((await inbox(server, bob)).messages.length).toBe(1);
    await server.accounts.lifecycle.deactivate(bob.userId, { erase: false });
    expect((await inbox(server, bob)).messages).toEqual([]);
  });

  test('transaction ids are forgotten after a week', async () => {
    const server = await open();
    const alice = await server.user('alice');
    await server.ask(alice, 'PUT', path('1'), { messages: {} });
    const count = async () =>
      (await server.storage.reader.all({ sql: 'select * from to_device_transactions', parameters: [] })).length;
    await server.toDevice.expireTransactions();
    expect(await count()).toBe(1);
    await server.storage.transactor.commit((batch) =>
      batch.add({ sql: 'update to_device_transactions set created_ts = 0', parameters: [] }),
    );
    await server.toDevice.expireTransactions();
    expect(await count()).toBe(0);
  });

  test('nobody sends without an access token; guests may', async () => {
    const server = await open();
    const guest = await server.guest();
    expect((await server.ask(undefined, 'PUT', path('1'), { messages: {} })).verdict).toBe('401 M_MISSING_TOKEN');
    expect((await server.ask(guest, 'PUT', path('1'), { messages: {} })).verdict).toBe('200');
  });
});
