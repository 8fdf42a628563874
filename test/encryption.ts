/**
 * For the tests of the encryption slices: all of them composed over real accounts and rooms on a real database, asked over
 * HTTP without sockets.
 */
import { createHash } from 'node:crypto';
import { type Accounts, createAccounts } from '#accounts/index.ts';
import { type CrossSigning, crossSigningFeature } from '#features/cross-signing/index.ts';
import { dehydratedDevicesFeature } from '#features/dehydrated-devices/index.ts';
import { type DeviceLists, deviceListsFeature } from '#features/device-lists/index.ts';
import { DeviceKeysStore, type E2eKeys, e2eKeysFeature, type RemoteKeys } from '#features/e2e-keys/index.ts';
import { keyBackupFeature } from '#features/key-backup/index.ts';
import { type DirectToDevice, type ToDevice, toDeviceFeature } from '#features/to-device/index.ts';
import { CacheBudget } from '#platform/cache/index.ts';
import { systemClock } from '#platform/clock/index.ts';
import { loadConfig } from '#platform/config/index.ts';
import { createHttpHandler, createRateLimits } from '#platform/http/index.ts';
import { createLog } from '#platform/log/index.ts';
import { createMetrics } from '#platform/metrics/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import type { Storage } from '#platform/storage/index.ts';
import type { DeviceId, KeyId, RoomId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { ROOM_VERSIONS } from '#protocol/room-versions/index.ts';
import { encodeBase64, type SigningKey, signingKeyFromSeed, signJson } from '#protocol/signing/index.ts';
import type { EventHook } from '#rooms/draft.ts';
import { openRooms, type Rooms } from '#rooms/index.ts';

const SERVER_NAME = 'example.org' as ServerName;
export const V3 = '/_matrix/client/v3';

export interface TestDevice {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly token: string;
}

export interface TestAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of an answer by comparing it.
  readonly body: any;
  /** `200`, or `403 M_FORBIDDEN`. */
  readonly verdict: string;
}

export interface TestOptions {
  readonly remoteKeys?: RemoteKeys;
  /** Collects what is queued for other servers. */
  readonly queued?: [ServerName, DirectToDevice][];
  readonly mayRequestKeys?: (sender: UserId) => boolean;
}

export type TestEncryption = Awaited<ReturnType<typeof openEncryption>>;

export async function openEncryption(storage: Storage, options: TestOptions = {}) {
  const clock = systemClock;
  const random = systemRandom;
  const log = createLog({ level: 'error' });
  const config = loadConfig({ overrides: { server_name: SERVER_NAME } });
  const rateLimits = createRateLimits({ limits: config.rateLimits.limits, clock });
  const hooks: EventHook[] = [];
  const rooms = openRooms({
    storage,
    clock,
    random,
    serverName: SERVER_NAME,
    signingKey: testKey('server', '1'),
    caches: new CacheBudget(50_000_000),
    hooks,
    unsignedSources: { transactionIds: async () => new Map(), aggregations: async () => new Map() },
  });
  const { streams } = rooms;
  const accounts = createAccounts({ storage, streams, clock, random, log, rateLimits, config });
  const features = compose(storage, rooms, accounts, options);
  hooks.push(features.deviceLists.eventHook);
  const handle = createHttpHandler({
    routes: features.routes,
    authenticate: {
      user: (token, request, contract) => accounts.authenticator.user(token, request, contract),
      appservice: (token) => accounts.authenticator.appservice(token),
      server: () => Promise.reject(new Error('no other servers here')),
    },
    rateLimits,
    log,
    metrics: createMetrics(),
    clock,
    random,
  });

  const login = async (userId: UserId, deviceId: string, displayName?: string): Promise<TestDevice> => {
    const session = await accounts.sessions.start({
      userId,
      deviceId: deviceId as DeviceId,
      deviceDisplayName: displayName,
    });
    return { userId, deviceId: deviceId as DeviceId, token: session.accessToken };
  };
  return {
    ...features,
    accounts,
    rooms,
    streams,
    storage,
    login,
    /** A new account with one device, its password `secret` where it has one. */
    async user(localpart: string, deviceId = `${localpart.toUpperCase()}1`, password?: string): Promise<TestDevice> {
      const userId = `@${localpart}:${SERVER_NAME}` as UserId;
      const passwordHash = password === undefined ? undefined : await accounts.passwords.hash(password);
      await accounts.lifecycle.create({ userId, passwordHash });
      return login(userId, deviceId);
    },
    async guest(): Promise<TestDevice> {
      const userId = `@17:${SERVER_NAME}` as UserId;
      await accounts.lifecycle.create({ userId, passwordHash: undefined, isGuest: true });
      return login(userId, 'GUEST');
    },
    async ask(device: TestDevice | undefined, method: string, path: string, body?: unknown): Promise<TestAnswer> {
      const request = new Request(`http://localhost${path}`, {
        method,
        headers: device === undefined ? {} : { authorization: `Bearer ${device.token}` },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const response = await handle(request, { ip: '10.0.0.1' });
      const answer = await response.json();
      const verdict = answer.errcode === undefined ? `${response.status}` : `${response.status} ${answer.errcode}`;
      return { status: response.status, body: answer, verdict };
    },
    async room(creator: TestDevice, ...members: TestDevice[]): Promise<RoomId> {
      const { userId: sender } = creator;
      const { roomId } = await rooms.engine.create(ROOM_VERSIONS['10'], [
        { type: 'm.room.create', stateKey: '', sender, content: { creator: sender } },
        { type: 'm.room.member', stateKey: sender, sender, content: { membership: 'join' } },
        { type: 'm.room.power_levels', stateKey: '', sender, content: { users: { [sender]: 100 } } },
        { type: 'm.room.join_rules', stateKey: '', sender, content: { join_rule: 'public' } },
      ]);
      for (const member of members) await setMembership(rooms, roomId, member.userId, 'join');
      return roomId;
    },
    move: (roomId: RoomId, device: TestDevice, membership: string, sender = device) =>
      setMembership(rooms, roomId, device.userId, membership, sender.userId),
  };
}

function compose(storage: Storage, rooms: Rooms, accounts: Accounts, options: TestOptions) {
  const { reader } = storage;
  const { streams, members: memberships, joined: joinedRooms } = rooms;
  const { devices, hooks } = accounts;
  const shared = {
    storage,
    reader,
    streams,
    serverName: SERVER_NAME,
    clock: systemClock,
    random: systemRandom,
    devices,
  };
  const deviceLists: DeviceLists = deviceListsFeature({ ...shared, sharing: { memberships, joinedRooms } });
  const { deviceListChanged, deviceListChangedFor } = deviceLists;
  const deviceKeys = new DeviceKeysStore(reader);
  const crossSigning: CrossSigning = crossSigningFeature({
    ...shared,
    deviceKeys,
    deviceListChanged,
    deviceListChangedFor,
    async confirmIdentity({ requester, request, body: { auth, ...clientDict } }) {
      await accounts.uia.run({ request, requester, auth: auth as JsonObject | undefined, clientDict });
    },
  });
  const { forgetSignatures } = crossSigning;
  const { remoteKeys, queued, mayRequestKeys } = options;
  const e2eKeys: E2eKeys = e2eKeysFeature({
    ...shared,
    deviceKeys,
    crossSigning,
    deviceListChanged,
    forgetSignatures,
    ...(remoteKeys === undefined ? {} : { remote: remoteKeys }),
  });
  const toDevice: ToDevice = toDeviceFeature({
    ...shared,
    ...(queued === undefined ? {} : { remote: { queue: (_, server, content) => void queued.push([server, content]) } }),
    ...(mayRequestKeys === undefined ? {} : { mayRequestKeys }),
  });
  const keyBackup = keyBackupFeature({ storage });
  const { prepareUpload } = e2eKeys;
  const dehydrated = dehydratedDevicesFeature({ ...shared, prepareUpload, messagesFor: toDevice.messagesFor });
  hooks.onDevicesChanged.push(deviceLists.onDevicesChanged);
  hooks.isDeviceIdReserved.push(crossSigning.isDeviceIdReserved);
  for (const slice of [e2eKeys, crossSigning, toDevice, dehydrated])
    hooks.onDevicesDeleted.push(slice.onDevicesDeleted);
  for (const slice of [deviceLists, e2eKeys, crossSigning, toDevice, dehydrated, keyBackup]) {
    hooks.onAccountDeactivated.push(slice.onAccountDeactivated);
  }
  const slices = [deviceLists, e2eKeys, crossSigning, toDevice, dehydrated, keyBackup];
  return { deviceLists, crossSigning, e2eKeys, toDevice, routes: slices.flatMap((slice) => slice.routes) };
}

async function setMembership(rooms: Rooms, roomId: RoomId, userId: UserId, membership: string, sender = userId) {
  await rooms.engine.send(roomId, { type: 'm.room.member', stateKey: userId, sender, content: { membership } });
}

/** The same key for the same names. */
export function testKey(owner: string, name: string): SigningKey {
  const seed = createHash('sha256').update(`${owner} ${name}`).digest();
  return signingKeyFromSeed(`ed25519:${name}` as KeyId, encodeBase64(seed));
}

/** The object signed by a user's key. */
export function signed(object: JsonObject, signer: UserId, key: SigningKey): JsonObject {
  return signJson(object, signer as string as ServerName, key) as unknown as JsonObject;
}

/** Identity keys of a device, signed by itself. `salt` makes others. */
export function deviceKeysOf({ userId, deviceId }: Pick<TestDevice, 'userId' | 'deviceId'>, salt = ''): JsonObject {
  const key = identityKey({ userId, deviceId }, salt);
  const keys = { [`ed25519:${deviceId}`]: key.publicKey, [`curve25519:${deviceId}`]: testKey(userId, salt).publicKey };
  const algorithms = ['m.olm.v1.curve25519-aes-sha2', 'm.megolm.v1.aes-sha2'];
  return signed({ user_id: userId, device_id: deviceId, algorithms, keys }, userId, key);
}

export function identityKey({ userId, deviceId }: Pick<TestDevice, 'userId' | 'deviceId'>, salt = ''): SigningKey {
  return { ...testKey(`${userId}${salt}`, deviceId), keyId: `ed25519:${deviceId}` as KeyId };
}

/** Signed one-time keys by `signed_curve25519:id`. */
export function oneTimeKeys(device: TestDevice, ...ids: string[]): Record<string, JsonObject> {
  return Object.fromEntries(
    ids.map((id) => {
      const key = { key: testKey(device.userId, id).publicKey };
      return [`signed_curve25519:${id}`, signed(key, device.userId, identityKey(device))];
    }),
  );
}
