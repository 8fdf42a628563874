import { describe, expect, test } from 'bun:test';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import * as adminRegister from '../admin/register.ts';
import type { Endpoint } from '../endpoint.ts';
import * as accountData from './account-data.ts';
import * as accountDeactivation from './account-deactivation.ts';
import * as admin from './admin.ts';
import * as administrativeContact from './administrative-contact.ts';
import * as appservicePing from './appservice-ping.ts';
import * as appserviceRoomDirectory from './appservice-room-directory.ts';
import * as authedContentRepo from './authed-content-repo.ts';
import * as banning from './banning.ts';
import * as capabilities from './capabilities.ts';
import * as contentRepo from './content-repo.ts';
import * as createRoomFile from './create-room.ts';
import * as crossSigning from './cross-signing.ts';
import * as dehydratedDevice from './dehydrated-device.ts';
import * as deviceManagement from './device-management.ts';
import * as directory from './directory.ts';
import * as eventContext from './event-context.ts';
import * as filter from './filter.ts';
import * as inviting from './inviting.ts';
import * as joining from './joining.ts';
import * as keyBackup from './key-backup.ts';
import * as keys from './keys.ts';
import * as kicking from './kicking.ts';
import * as knocking from './knocking.ts';
import * as leaving from './leaving.ts';
import * as listJoinedRooms from './list-joined-rooms.ts';
import * as listPublicRooms from './list-public-rooms.ts';
import * as loginFile from './login.ts';
import * as loginToken from './login-token.ts';
import * as logoutFile from './logout.ts';

const files: readonly Readonly<Record<string, unknown>>[] = [
  accountData,
  accountDeactivation,
  admin,
  administrativeContact,
  adminRegister,
  appservicePing,
  appserviceRoomDirectory,
  authedContentRepo,
  banning,
  capabilities,
  contentRepo,
  createRoomFile,
  crossSigning,
  dehydratedDevice,
  deviceManagement,
  directory,
  eventContext,
  filter,
  inviting,
  joining,
  keyBackup,
  keys,
  kicking,
  knocking,
  leaving,
  listJoinedRooms,
  listPublicRooms,
  loginFile,
  loginToken,
  logoutFile,
];

const isEndpoint = (value: unknown): value is Endpoint =>
  typeof value === 'object' && value !== null && 'operationId' in value;
const exported = files.flatMap((file) => Object.entries(file));
const contracts = exported.map(([, value]) => value).filter(isEndpoint);
const byId = new Map(contracts.map((contract) => [contract.operationId, contract]));

const accepts = (operationId: string, body: unknown) => {
  const contract = byId.get(operationId);
  if (contract === undefined) throw new Error(`no contract ${operationId}`);
  return TypeCompiler.Compile(contract.body).Check(body);
};

/** The specification's operations of these files: operationId, method and path of each. */
const SPECIFIED = `
getAccountData GET /_matrix/client/v3/user/{userId}/account_data/{type}
getAccountDataPerRoom GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}
setAccountData PUT /_matrix/client/v3/user/{userId}/account_data/{type}
setAccountDataPerRoom PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}
deactivateAccount POST /_matrix/client/v3/account/deactivate
getAdminLockUser GET /_matrix/client/v1/admin/lock/{userId}
getAdminSuspendUser GET /_matrix/client/v1/admin/suspend/{userId}
getWhoIs GET /_matrix/client/v3/admin/whois/{userId}
setAdminLockUser PUT /_matrix/client/v1/admin/lock/{userId}
setAdminSuspendUser PUT /_matrix/client/v1/admin/suspend/{userId}
add3PID POST /_matrix/client/v3/account/3pid/add
bind3PID POST /_matrix/client/v3/account/3pid/bind
delete3pidFromAccount POST /_matrix/client/v3/account/3pid/delete
getAccount3PIDs GET /_matrix/client/v3/account/3pid
post3PIDs POST /_matrix/client/v3/account/3pid
requestTokenTo3PIDEmail POST /_matrix/client/v3/account/3pid/email/requestToken
requestTokenTo3PIDMSISDN POST /_matrix/client/v3/account/3pid/msisdn/requestToken
unbind3pidFromAccount POST /_matrix/client/v3/account/3pid/unbind
pingAppservice POST /_matrix/client/v1/appservice/{appserviceId}/ping
updateAppserviceRoomDirectoryVisibility PUT /_matrix/client/v3/directory/list/appservice/{networkId}/{roomId}
getConfigAuthed GET /_matrix/client/v1/media/config
getContentAuthed GET /_matrix/client/v1/media/download/{serverName}/{mediaId}
getContentOverrideNameAuthed GET /_matrix/client/v1/media/download/{serverName}/{mediaId}/{fileName}
getContentThumbnailAuthed GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}
getUrlPreviewAuthed GET /_matrix/client/v1/media/preview_url
ban POST /_matrix/client/v3/rooms/{roomId}/ban
unban POST /_matrix/client/v3/rooms/{roomId}/unban
getCapabilities GET /_matrix/client/v3/capabilities
createContent POST /_matrix/media/v1/create
getConfig GET /_matrix/media/v3/config
getContent GET /_matrix/media/v3/download/{serverName}/{mediaId}
getContentOverrideName GET /_matrix/media/v3/download/{serverName}/{mediaId}/{fileName}
getContentThumbnail GET /_matrix/media/v3/thumbnail/{serverName}/{mediaId}
getUrlPreview GET /_matrix/media/v3/preview_url
uploadContent POST /_matrix/media/v3/upload
uploadContentToMXC PUT /_matrix/media/v3/upload/{serverName}/{mediaId}
createRoom POST /_matrix/client/v3/createRoom
uploadCrossSigningKeys POST /_matrix/client/v3/keys/device_signing/upload
uploadCrossSigningSignatures POST /_matrix/client/v3/keys/signatures/upload
deleteDevice DELETE /_matrix/client/v3/devices/{deviceId}
deleteDevices POST /_matrix/client/v3/delete_devices
getDevice GET /_matrix/client/v3/devices/{deviceId}
getDevices GET /_matrix/client/v3/devices
updateDevice PUT /_matrix/client/v3/devices/{deviceId}
deleteRoomAlias DELETE /_matrix/client/v3/directory/room/{roomAlias}
getLocalAliases GET /_matrix/client/v3/rooms/{roomId}/aliases
getRoomIdByAlias GET /_matrix/client/v3/directory/room/{roomAlias}
setRoomAlias PUT /_matrix/client/v3/directory/room/{roomAlias}
getEventContext GET /_matrix/client/v3/rooms/{roomId}/context/{eventId}
defineFilter POST /_matrix/client/v3/user/{userId}/filter
getFilter GET /_matrix/client/v3/user/{userId}/filter/{filterId}
inviteUser POST /_matrix/client/v3/rooms/{roomId}/invite
joinRoom POST /_matrix/client/v3/join/{roomIdOrAlias}
joinRoomById POST /_matrix/client/v3/rooms/{roomId}/join
deleteRoomKeyBySessionId DELETE /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}
deleteRoomKeys DELETE /_matrix/client/v3/room_keys/keys
deleteRoomKeysByRoomId DELETE /_matrix/client/v3/room_keys/keys/{roomId}
deleteRoomKeysVersion DELETE /_matrix/client/v3/room_keys/version/{version}
getRoomKeyBySessionId GET /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}
getRoomKeys GET /_matrix/client/v3/room_keys/keys
getRoomKeysByRoomId GET /_matrix/client/v3/room_keys/keys/{roomId}
getRoomKeysVersion GET /_matrix/client/v3/room_keys/version/{version}
getRoomKeysVersionCurrent GET /_matrix/client/v3/room_keys/version
postRoomKeysVersion POST /_matrix/client/v3/room_keys/version
putRoomKeyBySessionId PUT /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}
putRoomKeys PUT /_matrix/client/v3/room_keys/keys
putRoomKeysByRoomId PUT /_matrix/client/v3/room_keys/keys/{roomId}
putRoomKeysVersion PUT /_matrix/client/v3/room_keys/version/{version}
claimKeys POST /_matrix/client/v3/keys/claim
getKeysChanges GET /_matrix/client/v3/keys/changes
queryKeys POST /_matrix/client/v3/keys/query
uploadKeys POST /_matrix/client/v3/keys/upload
kick POST /_matrix/client/v3/rooms/{roomId}/kick
knockRoom POST /_matrix/client/v3/knock/{roomIdOrAlias}
forgetRoom POST /_matrix/client/v3/rooms/{roomId}/forget
leaveRoom POST /_matrix/client/v3/rooms/{roomId}/leave
getJoinedRooms GET /_matrix/client/v3/joined_rooms
getPublicRooms GET /_matrix/client/v3/publicRooms
getRoomVisibilityOnDirectory GET /_matrix/client/v3/directory/list/room/{roomId}
queryPublicRooms POST /_matrix/client/v3/publicRooms
setRoomVisibilityOnDirectory PUT /_matrix/client/v3/directory/list/room/{roomId}
getLoginFlows GET /_matrix/client/v3/login
login POST /_matrix/client/v3/login
generateLoginToken POST /_matrix/client/v1/login/get_token
logout POST /_matrix/client/v3/logout
logout_all POST /_matrix/client/v3/logout/all
`;

const specified = SPECIFIED.trim()
  .split('\n')
  .map((line) => line.split(' ') as [string, string, string]);

describe('the contracts a to l', () => {
  test.each(specified)('%s is described as the specification has it', (operationId, method, path) => {
    expect(byId.get(operationId)).toMatchObject({ method, path });
  });

  test('an export is named as its operationId', () => {
    for (const [name, value] of exported) if (isEndpoint(value)) expect(value.operationId).toBe(name);
  });

  test('no two share an operationId', () => {
    expect(byId.size).toBe(contracts.length);
  });

  test('no two answer the same method and path, aliases included', () => {
    const owners = new Map<string, string>();
    for (const { operationId, method, path, aliases } of contracts) {
      for (const each of [path, ...aliases]) {
        const key = `${method} ${each.replaceAll(/\{[^}]*\}/g, '{}')}`;
        expect(`${key} ${owners.get(key) ?? operationId}`).toBe(`${key} ${operationId}`);
        expect(owners.has(key)).toBe(false);
        owners.set(key, operationId);
      }
    }
  });

  test('every path, alias too, has exactly the parameters that are described', () => {
    for (const { operationId, path, aliases, params } of contracts) {
      const described = Object.keys(params.properties).toSorted();
      for (const each of [path, ...aliases]) {
        const named = [...each.matchAll(/\{([^}?]*)\??\}/g)].map((match) => match[1] ?? '').toSorted();
        expect([operationId, ...named]).toEqual([operationId, ...described]);
      }
    }
  });

  test('every schema compiles', () => {
    for (const { params, query, body, response } of contracts) {
      for (const schema of [params, query, body, response]) expect(() => TypeCompiler.Compile(schema)).not.toThrow();
    }
  });

  test('only logging out is open to locked accounts', () => {
    expect(contracts.filter((contract) => contract.locked).map((contract) => contract.operationId)).toEqual([
      'logout',
      'logout_all',
    ]);
  });

  test('a suspended account may leave, log out and back up keys, but not join, knock, invite or make rooms', () => {
    const may = (id: string) => byId.get(id)?.suspended;
    for (const id of ['leaveRoom', 'logout', 'deleteDevice', 'putRoomKeys', 'uploadKeys']) expect(may(id)).toBe(true);
    for (const id of ['joinRoom', 'joinRoomById', 'joinRoomLegacy', 'knockRoom', 'inviteUser', 'createRoom']) {
      expect(may(id)).toBe(false);
    }
  });

  test('guests may use what the specification lists for them', () => {
    for (const id of [
      'getEventContext',
      'getContentAuthed',
      'getContentOverrideNameAuthed',
      'getContentThumbnailAuthed',
      'joinRoomById',
      'leaveRoom',
      'getDevices',
      'getDevice',
      'updateDevice',
      'uploadKeys',
      'queryKeys',
      'claimKeys',
    ]) {
      expect([id, byId.get(id)?.guests]).toEqual([id, true]);
    }
    for (const id of ['createRoom', 'inviteUser', 'knockRoom', 'uploadContent', 'setAccountData']) {
      expect([id, byId.get(id)?.guests]).toEqual([id, false]);
    }
  });
});

describe('bodies', () => {
  test('a room version that is a number is refused', () => {
    expect(accepts('createRoom', { room_version: '11', 'org.example.unknown': 1 })).toBe(true);
    expect(accepts('createRoom', { room_version: 1 })).toBe(false);
  });

  test('joining, leaving and deleting a device need no body', () => {
    for (const id of ['joinRoom', 'joinRoomById', 'leaveRoom', 'knockRoom', 'deleteDevice', 'deactivateAccount']) {
      expect([id, accepts(id, undefined)]).toEqual([id, true]);
      expect([id, accepts(id, [])]).toEqual([id, false]);
    }
  });

  test('whoever is kicked is named by a user id', () => {
    expect(accepts('kick', { user_id: '@bob:example.org' })).toBe(true);
    expect(accepts('kick', { user_id: 'bob' })).toBe(false);
    expect(accepts('kick', {})).toBe(false);
  });

  test('an invite is by user id or by third-party identifier', () => {
    expect(accepts('inviteUser', { user_id: '@bob:example.org' })).toBe(true);
    const invite = { id_server: 'id.example.org', id_access_token: 't', medium: 'email', address: 'bob@example.org' };
    expect(accepts('inviteUser', invite)).toBe(true);
  });

  test('queried devices are a list, not an object', () => {
    expect(accepts('queryKeys', { device_keys: { '@bob:example.org': [] } })).toBe(true);
    expect(accepts('queryKeys', { device_keys: { '@bob:example.org': { DEVICE: true } } })).toBe(false);
  });

  test('device keys without algorithms, keys and signatures are refused', () => {
    const device_keys = { user_id: '@bob:example.org', device_id: 'DEVICE' };
    expect(accepts('uploadKeys', { device_keys })).toBe(false);
    expect(accepts('uploadKeys', { device_keys: { ...device_keys, algorithms: [], keys: {}, signatures: {} } })).toBe(
      true,
    );
  });

  test('a filter of the wrong shape is refused, an unknown key in it is not', () => {
    expect(accepts('defineFilter', { room: { timeline: { limit: 10 } }, 'org.example.unknown': {} })).toBe(true);
    expect(accepts('defineFilter', { room: 'none' })).toBe(false);
    expect(accepts('defineFilter', { event_format: 'other' })).toBe(false);
  });
});
