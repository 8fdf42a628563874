/**
 * matrix-js-sdk with its Rust crypto, unmodified, against a real server: what Element Web does. Two users with two devices
 * each, and a third who comes later.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import * as sdk from 'matrix-js-sdk';
import {
  CryptoEvent,
  type ShowSasCallbacks,
  VerificationPhase,
  type VerificationRequest,
  VerificationRequestEvent,
  type Verifier,
  VerifierEvent,
} from 'matrix-js-sdk/lib/crypto-api/index.js';
import { logger as sdkLogger } from 'matrix-js-sdk/lib/logger.js';
import { call, startServer, type TestServer } from '#test/server.ts';

let server: TestServer;
const clients: sdk.MatrixClient[] = [];

beforeAll(async () => {
  (sdkLogger as unknown as { setLevel?: (level: string) => void }).setLevel?.('silent');
  server = await startServer();
});
afterAll(async () => {
  for (const client of clients) client.stopClient();
  await server.stop();
});

interface Device {
  readonly client: sdk.MatrixClient;
  readonly userId: string;
  readonly password: string;
  /** Secret storage keys, as the user would have written them down. */
  readonly secrets: Map<string, Uint8Array>;
}

async function open(username: string, isNew: boolean, secrets = new Map<string, Uint8Array>()): Promise<Device> {
  const password = `${username} likes long passwords`;
  const anonymous = sdk.createClient({ baseUrl: server.baseUrl });
  const session = isNew
    ? await anonymous.registerRequest({ username, password, auth: { type: 'm.login.dummy' } })
    : await anonymous.loginRequest({
        type: 'm.login.password',
        identifier: { type: 'm.id.user', user: username },
        password,
      });
  const client = sdk.createClient({
    baseUrl: server.baseUrl,
    userId: session.user_id,
    deviceId: session.device_id!,
    accessToken: session.access_token!,
    cryptoCallbacks: {
      getSecretStorageKey: async ({ keys }) => {
        const id = Object.keys(keys).find((key) => secrets.has(key));
        return id === undefined ? null : [id, secrets.get(id)! as Uint8Array<ArrayBuffer>];
      },
      cacheSecretStorageKey: (id, _info, key) => void secrets.set(id, key),
    },
  });
  await client.initRustCrypto({ useIndexedDB: false });
  clients.push(client);
  await client.startClient({ initialSyncLimit: 20, lazyLoadMembers: true, threadSupport: true });
  await until(() => client.isInitialSyncComplete(), 'the initial sync');
  return { client, userId: session.user_id, password, secrets };
}

/** Signs the user's devices, and answers the questions for a password on the way. */
async function crossSign({ client, userId, password }: Device): Promise<void> {
  await client.getCrypto()!.bootstrapCrossSigning({
    authUploadDeviceSigningKeys: async (makeRequest) =>
      void (await makeRequest({
        type: 'm.login.password',
        identifier: { type: 'm.id.user', user: userId },
        password,
      } as unknown as sdk.AuthDict)),
  });
}

async function until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 30_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}\n${server.log().slice(-3000)}`);
    await Bun.sleep(50);
  }
}

const bodiesIn = (client: sdk.MatrixClient, roomId: string): unknown[] =>
  (client.getRoom(roomId)?.getLiveTimeline().getEvents() ?? []).map((event) => event.getContent().body);

async function received(device: Device, roomId: string, body: string): Promise<sdk.MatrixEvent> {
  await until(() => bodiesIn(device.client, roomId).includes(body), `"${body}" at ${device.userId}`);
  return device.client
    .getRoom(roomId)!
    .getLiveTimeline()
    .getEvents()
    .find((event) => event.getContent().body === body)!;
}

/** The SDK calls back through weak references: what takes part in a verification must be held by somebody. */
const held: unknown[] = [];

/** Begins or takes up the comparison of emoji; resolves when they are shown. `done` when the other side has agreed, too. */
async function shown(request: VerificationRequest, start: boolean) {
  const verifier = start
    ? await request.startVerification('m.sas.v1')
    : await new Promise<Verifier>((resolve) => {
        const look = () => request.verifier !== undefined && resolve(request.verifier);
        request.on(VerificationRequestEvent.Change, look);
        look();
      });
  held.push(verifier);
  const callbacks = new Promise<ShowSasCallbacks>((resolve) => {
    verifier.on(VerifierEvent.ShowSas, resolve);
    const already = verifier.getShowSasCallbacks();
    if (already !== null) resolve(already);
  });
  const done = verifier.verify();
  done.catch(() => undefined);
  return { callbacks: await callbacks, done };
}

/**
 * Both sides compare emoji and agree. Two things the SDK does not stand, both seen in logs of stalled verifications:
 * it drops a request of a device whose keys it has not fetched yet (matrix-sdk-crypto: "could not retrieve the device data for
 * the incoming verification request, ignoring it"), hence the wait for these. And when the other's `mac` comes while its own is
 * still on its way, it sends its `done` beside it, which may overtake it; the other then waits for a `done` for ever. So the one
 * agrees when the agreement of the other has arrived.
 */
async function verify(asking: Device, answering: Device, request: () => Promise<VerificationRequest>): Promise<void> {
  await until(async () => {
    const known = await answering.client.getCrypto()!.getUserDeviceInfo([asking.userId], true);
    return known.get(asking.userId)?.has(asking.client.getDeviceId()!) === true;
  }, `${answering.userId} to know the device of ${asking.userId} that asks`);
  const incoming = new Promise<VerificationRequest>((resolve) =>
    answering.client.once(CryptoEvent.VerificationRequestReceived as never, resolve as never),
  );
  const outgoing = await request();
  const theirs = await incoming;
  held.push(outgoing, theirs);
  await theirs.accept();
  await until(() => outgoing.phase === VerificationPhase.Ready, 'the verification to be accepted');
  const [askingSide, answeringSide] = await Promise.all([shown(outgoing, true), shown(theirs, false)]);
  expect(askingSide.callbacks.sas.emoji).toEqual(answeringSide.callbacks.sas.emoji!);
  const arrived = new Promise<void>((resolve) => theirs.once(VerificationRequestEvent.Change, resolve));
  await askingSide.callbacks.confirm();
  await arrived;
  await answeringSide.callbacks.confirm();
  await Promise.all([askingSide.done, answeringSide.done]);
  await until(
    () => outgoing.phase === VerificationPhase.Done && theirs.phase === VerificationPhase.Done,
    'the verification to be done',
  );
}

describe('matrix-js-sdk', () => {
  let alice: Device;
  let alicePhone: Device;
  let bob: Device;
  let bobPhone: Device;
  let roomId: string;

  test('two users register, log in on a second device, and sign their keys', async () => {
    alice = await open('alice', true);
    await crossSign(alice);
    bob = await open('bob', true);
    await crossSign(bob);
    alicePhone = await open('alice', false, alice.secrets);
    bobPhone = await open('bob', false, bob.secrets);
    expect(await alice.client.getCrypto()!.isCrossSigningReady()).toBe(true);
    expect((await alice.client.getDevices()).devices.length).toBe(2);
  }, 120_000);

  test('a second device is verified by comparing emoji, and then trusted', async () => {
    await verify(alicePhone, alice, () => alicePhone.client.getCrypto()!.requestOwnUserVerification());
    await until(async () => {
      const status = await alice.client
        .getCrypto()!
        .getDeviceVerificationStatus(alice.userId, alicePhone.client.getDeviceId()!);
      return status?.crossSigningVerified === true;
    }, 'the phone to be trusted');
    await verify(bobPhone, bob, () => bobPhone.client.getCrypto()!.requestOwnUserVerification());
  }, 120_000);

  test('they meet in an encrypted room, and messages go both ways on all devices', async () => {
    const made = await alice.client.createRoom({
      invite: [bob.userId],
      is_direct: true,
      preset: sdk.Preset.TrustedPrivateChat,
      initial_state: [{ type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } }],
    });
    roomId = made.room_id;
    await until(() => bob.client.getRoom(roomId)?.getMyMembership() === 'invite', 'the invite');
    await bob.client.joinRoom(roomId);
    await until(() => alice.client.getRoom(roomId)?.getJoinedMemberCount() === 2, 'bob to join');
    await alice.client.sendTextMessage(roomId, 'hello bob');
    const got = await received(bob, roomId, 'hello bob');
    expect(got.isEncrypted()).toBe(true);
    await received(bobPhone, roomId, 'hello bob');
    await received(alicePhone, roomId, 'hello bob');
    await bob.client.sendTextMessage(roomId, 'hello alice');
    await received(alice, roomId, 'hello alice');
    await received(alicePhone, roomId, 'hello alice');
  }, 120_000);

  test('two users verify each other by emoji', async () => {
    await verify(alice, bob, () => alice.client.getCrypto()!.requestVerificationDM(bob.userId, roomId));
    await until(
      async () => (await alice.client.getCrypto()!.getUserVerificationStatus(bob.userId)).isCrossSigningVerified(),
      'bob to be verified',
    );
  }, 120_000);

  test('threads, reactions, edits and redactions arrive', async () => {
    const { event_id: root } = await alice.client.sendTextMessage(roomId, 'a thread starts here');
    await received(bob, roomId, 'a thread starts here');
    await bob.client.sendMessage(roomId, root, { msgtype: sdk.MsgType.Text, body: 'in the thread' } as never);
    await until(() => alice.client.getRoom(roomId)!.getThread(root)?.length === 1, 'the thread reply');
    await bob.client.sendEvent(
      roomId,
      'm.reaction' as never,
      { 'm.relates_to': { rel_type: 'm.annotation', event_id: root, key: '👍' } } as never,
    );
    await until(() => {
      const relations = alice.client
        .getRoom(roomId)!
        .relations.getChildEventsForEvent(root, 'm.annotation', 'm.reaction');
      return relations?.getRelations().length === 1;
    }, 'the reaction');
    await alice.client.sendMessage(roomId, {
      msgtype: sdk.MsgType.Text,
      body: '* edited',
      'm.new_content': { msgtype: 'm.text', body: 'edited' },
      'm.relates_to': { rel_type: 'm.replace', event_id: root },
    } as never);
    await until(() => bob.client.getRoom(roomId)!.findEventById(root)?.getContent().body === 'edited', 'the edit');
    const { event_id: regretted } = await alice.client.sendTextMessage(roomId, 'regretted');
    await received(bob, roomId, 'regretted');
    await alice.client.redactEvent(roomId, regretted);
    await until(() => bob.client.getRoom(roomId)!.findEventById(regretted)?.isRedacted() === true, 'the redaction');
  }, 120_000);

  test('read receipts and typing are seen by the other', async () => {
    const last = await received(bob, roomId, 'edited');
    await bob.client.sendReadReceipt(last);
    await until(() => alice.client.getRoom(roomId)!.getReadReceiptForUserId(bob.userId, true) !== null, 'the receipt');
    await bob.client.sendTyping(roomId, true, 10_000);
    await until(() => alice.client.getRoom(roomId)!.getMember(bob.userId)?.typing === true, 'bob typing');
    await bob.client.sendTyping(roomId, false, 0);
    await until(() => alice.client.getRoom(roomId)!.getMember(bob.userId)?.typing === false, 'bob not typing');
  }, 60_000);

  test('an encrypted attachment is uploaded, and downloaded byte for byte', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(50_000));
    const { content_uri: uri } = await alice.client.uploadContent(new Blob([bytes]), {
      type: 'application/octet-stream',
      name: 'secret.bin',
    });
    await alice.client.sendMessage(roomId, {
      msgtype: sdk.MsgType.File,
      body: 'secret.bin',
      file: { url: uri, v: 'v2', key: { kty: 'oct' }, iv: 'x', hashes: {} },
    } as never);
    const event = await received(bob, roomId, 'secret.bin');
    const url = bob.client.mxcUrlToHttp(
      (event.getContent().file as { url: string }).url,
      undefined,
      undefined,
      undefined,
      true,
      true,
      true,
    )!;
    const response = await fetch(url, { headers: { authorization: `Bearer ${bob.client.getAccessToken()}` } });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    expect((await fetch(url)).status).toBe(401);
  }, 60_000);

  test('a third user is invited later and reads what comes then', async () => {
    const carol = await open('carol', true);
    await crossSign(carol);
    await alice.client.invite(roomId, carol.userId);
    await until(() => carol.client.getRoom(roomId)?.getMyMembership() === 'invite', 'the invite');
    await carol.client.joinRoom(roomId);
    await until(() => bob.client.getRoom(roomId)?.getMember(carol.userId)?.membership === 'join', 'carol to join');
    await bob.client.sendTextMessage(roomId, 'welcome carol');
    await received(carol, roomId, 'welcome carol');
    await carol.client.sendTextMessage(roomId, 'thank you');
    await received(alicePhone, roomId, 'thank you');
  }, 120_000);

  test('key backup restores old messages on a new device', async () => {
    const crypto = alice.client.getCrypto()!;
    await crypto.bootstrapSecretStorage({
      createSecretStorageKey: () => crypto.createRecoveryKeyFromPassphrase('a passphrase'),
      setupNewSecretStorage: true,
      setupNewKeyBackup: true,
    });
    await until(
      async () => {
        // The SDK remembers what it was told of the backup at first: the server is asked itself.
        const backup = await call(server, 'GET', '/_matrix/client/v3/room_keys/version', {
          token: alice.client.getAccessToken()!,
        });
        return (backup.count as number) > 1;
      },
      'the keys to be backed up',
      60_000,
    );
    const tablet = await open('alice', false, alice.secrets);
    const restoring = tablet.client.getCrypto()!;
    await restoring.loadSessionBackupPrivateKeyFromSecretStorage();
    const result = await restoring.restoreKeyBackup();
    expect(result.imported).toBe(result.total);
    expect(result.imported).toBeGreaterThan(1);
    await tablet.client.scrollback(tablet.client.getRoom(roomId)!, 100);
    await received(tablet, roomId, 'hello alice');
  }, 180_000);
});
