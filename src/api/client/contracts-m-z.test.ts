import { describe, expect, test } from 'bun:test';
import type { TSchema } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import type { Endpoint } from '../endpoint.ts';
import { getEvents } from './old-sync.ts';
import { setPushRule, setPushRuleEnabled } from './pushrules.ts';
import { register, requestTokenToRegisterEmail } from './registration.ts';
import { sendMessage, sendMessageLegacy } from './room-send.ts';
import { setRoomStateWithKey } from './room-state.ts';
import { getRoomStateWithKey } from './rooms.ts';
import { sync } from './sync.ts';

/** The operations of the specification's client-server files from m to z, by contract file. */
const SPECIFIED: Readonly<Record<string, readonly string[]>> = {
  'message-pagination': ['getRoomEvents'],
  'mutual-rooms': ['getMutualRooms'],
  notifications: ['getNotifications'],
  'oauth-server-metadata': ['getAuthMetadata'],
  'old-sync': ['getEvents', 'getOneEvent', 'initialSync'],
  openid: ['requestOpenIdToken'],
  'password-management': ['changePassword', 'requestTokenToResetPasswordEmail', 'requestTokenToResetPasswordMSISDN'],
  'peeking-events': ['peekEvents'],
  'policy-server': ['getWellknownPolicy'],
  presence: ['getPresence', 'setPresence'],
  profile: ['getUserProfile', 'getProfileField', 'setProfileField', 'deleteProfileField'],
  pusher: ['getPushers', 'postPusher'],
  pushrules: [
    'getPushRules',
    'getPushRulesGlobal',
    'getPushRule',
    'setPushRule',
    'deletePushRule',
    'getPushRuleActions',
    'setPushRuleActions',
    'isPushRuleEnabled',
    'setPushRuleEnabled',
  ],
  'read-markers': ['setReadMarker'],
  receipts: ['postReceipt'],
  redaction: ['redactEvent'],
  refresh: ['refresh'],
  registration: [
    'register',
    'checkUsernameAvailability',
    'requestTokenToRegisterEmail',
    'requestTokenToRegisterMSISDN',
  ],
  'registration-tokens': ['registrationTokenValidity'],
  relations: ['getRelatingEvents', 'getRelatingEventsWithRelType', 'getRelatingEventsWithRelTypeAndEventType'],
  'report-content': ['reportRoom', 'reportEvent', 'reportUser'],
  'room-event-by-timestamp': ['getEventByTimestamp'],
  'room-initial-sync': ['roomInitialSync'],
  'room-send': ['sendMessage'],
  'room-state': ['setRoomStateWithKey'],
  'room-summary': ['getRoomSummary'],
  'room-upgrades': ['upgradeRoom'],
  rooms: ['getOneRoomEvent', 'getJoinedMembersByRoom', 'getMembersByRoom', 'getRoomState', 'getRoomStateWithKey'],
  search: ['search'],
  'space-hierarchy': ['getSpaceHierarchy'],
  'sso-login-redirect': ['redirectToSSO', 'redirectToIdP'],
  support: ['getWellknownSupport'],
  sync: ['sync'],
  tags: ['getRoomTags', 'setRoomTag', 'deleteRoomTag'],
  'third-party-lookup': [
    'queryLocationByAlias',
    'queryLocationByProtocol',
    'getProtocolMetadata',
    'getProtocols',
    'queryUserByID',
    'queryUserByProtocol',
  ],
  'third-party-membership': ['inviteBy3PID'],
  'threads-list': ['getThreadRoots'],
  'to-device': ['sendToDevice'],
  typing: ['setTyping'],
  users: ['searchUserDirectory'],
  versions: ['getVersions'],
  voip: ['getTurnServer'],
  wellknown: ['getWellknown'],
  whoami: ['getTokenOwner'],
};

/** What is served beyond the specification. */
const UNSPECIFIED = [
  'getAuthIssuer',
  'getPushRulesOfKind',
  'receiveCasTicket',
  'redactEventLegacy',
  'removePusherByLink',
  'sendMessageLegacy',
  'submitRegistrationToken',
  'tokenRefreshLegacy',
];

/** Documented twice, served once: the name is exported from its own file and stands for the contract of the other. */
const SAME_AS: Readonly<Record<string, string>> = { peekEvents: 'getEvents', inviteBy3PID: 'inviteUser' };

interface Exported {
  readonly file: string;
  readonly name: string;
  readonly contract: Endpoint;
}

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === 'object' && value !== null && 'operationId' in value;
}

const exported: Exported[] = [];
for (const file of Object.keys(SPECIFIED)) {
  const module: Record<string, unknown> = await import(`./${file}.ts`);
  for (const [name, value] of Object.entries(module))
    if (isEndpoint(value)) exported.push({ file, name, contract: value });
}
const contracts = [...new Set(exported.map(({ contract }) => contract))];

const accepts = (schema: TSchema, value: unknown) => TypeCompiler.Compile(schema).Check(value);
const pathsOf = (contract: Endpoint) => [contract.path, ...contract.aliases];
/** Parameters match whatever their names, so that two paths that differ in names alone are one. */
const shapeOf = (path: string) => path.replace(/\{\w+\??\}/g, '{}');

describe('the client-server contracts from m to z', () => {
  test('every operation of the specification is exported from its file under its own name', () => {
    for (const [file, names] of Object.entries(SPECIFIED)) {
      const found = exported.filter((one) => one.file === file).map(({ name }) => name);
      expect(found).toEqual(expect.arrayContaining([...names]));
    }
  });

  test('nothing is exported that is neither specified nor listed', () => {
    const known = [...Object.values(SPECIFIED).flat(), ...UNSPECIFIED].sort();
    expect(exported.map(({ name }) => name).sort()).toEqual(known);
  });

  test('a contract is exported under its operationId', () => {
    for (const { name, contract } of exported) expect(contract.operationId).toBe(SAME_AS[name] ?? name);
  });

  test('no two contracts share an operationId', () => {
    const ids = contracts.map(({ operationId }) => operationId);
    expect(ids.length).toBe(new Set(ids).size);
  });

  test('no two contracts share a method and path, aliases included', () => {
    const pairs = contracts.flatMap((one) => pathsOf(one).map((path) => `${one.method} ${shapeOf(path)}`));
    expect(pairs.filter((pair, index) => pairs.indexOf(pair) !== index)).toEqual([]);
  });

  test('every schema compiles', () => {
    for (const { params, query, body, response } of contracts)
      for (const schema of [params, query, body, response]) expect(() => TypeCompiler.Compile(schema)).not.toThrow();
  });

  test('the path parameters are the params, and one that a path lacks is optional', () => {
    for (const contract of contracts) {
      const required = (contract.params.required ?? []) as readonly string[];
      for (const path of pathsOf(contract)) {
        const names = [...path.matchAll(/\{(\w+)\??\}/g)].map((match) => match[1] ?? '');
        expect(Object.keys(contract.params.properties)).toEqual(expect.arrayContaining(names));
        expect(names).toEqual(expect.arrayContaining([...required]));
      }
    }
  });

  test('a GET contract takes no body', () => {
    for (const { method, body } of contracts) if (method === 'GET') expect(accepts(body, {})).toBe(false);
  });

  test('no object of a contract refuses unknown keys', () => {
    for (const { params, query, body, response } of contracts)
      expect(JSON.stringify([params, query, body, response])).not.toContain('"additionalProperties":false');
  });
});

describe('bodies and paths', () => {
  test('event content is any object, and nothing but an object', () => {
    expect(accepts(sendMessage.body, { anything: [1, null, {}] })).toBe(true);
    for (const value of [[], 'text', 1, null]) expect(accepts(sendMessage.body, value)).toBe(false);
  });

  test('a registration may be empty, may hold unknown keys, and is refused for a known key of a wrong type', () => {
    expect(accepts(register.body, {})).toBe(true);
    expect(accepts(register.body, { 'org.example.extra': 1, auth: { type: 'm.login.dummy', any: 1 } })).toBe(true);
    expect(accepts(register.body, { username: 1 })).toBe(false);
    expect(accepts(register.body, { auth: 'm.login.dummy' })).toBe(false);
  });

  test('a client secret is bounded in length and characters', () => {
    const request = { client_secret: 'a.b=c_d-1', email: 'alice@example.org', send_attempt: 1 };
    expect(accepts(requestTokenToRegisterEmail.body, request)).toBe(true);
    for (const secret of ['', 'a'.repeat(256), 'a b'])
      expect(accepts(requestTokenToRegisterEmail.body, { ...request, client_secret: secret })).toBe(false);
  });

  test('a push rule needs actions, which are strings or objects', () => {
    expect(accepts(setPushRule.body, { actions: ['notify', { set_tweak: 'highlight' }] })).toBe(true);
    expect(accepts(setPushRule.body, {})).toBe(false);
    expect(accepts(setPushRule.body, { actions: [1] })).toBe(false);
  });

  test('a push rule is enabled by an object, or by the boolean alone as old clients do', () => {
    for (const body of [true, { enabled: false }]) expect(accepts(setPushRuleEnabled.body, body)).toBe(true);
    for (const body of ['true', 1, { enabled: 'yes' }]) expect(accepts(setPushRuleEnabled.body, body)).toBe(false);
  });

  test('the state key may be left out with its slash, of every version of the path', () => {
    for (const contract of [setRoomStateWithKey, getRoomStateWithKey]) {
      const bare = pathsOf(contract).filter((path) => path.endsWith('/state/{eventType}'));
      expect(bare.map((path) => path.split('/rooms/')[0])).toEqual([
        '/_matrix/client/v3',
        '/_matrix/client/r0',
        '/_matrix/client/unstable',
        '/_matrix/client/api/v1',
      ]);
      expect(pathsOf(contract).filter((path) => path.endsWith('/{stateKey?}')).length).toBe(4);
    }
  });

  test('sync refuses a negative timeout and a presence that is none', () => {
    expect(accepts(sync.query, { timeout: 0, set_presence: 'offline' })).toBe(true);
    expect(accepts(sync.query, { timeout: -1 })).toBe(false);
    expect(accepts(sync.query, { set_presence: 'asleep' })).toBe(false);
  });

  test('a send without a transaction id is a POST, and peeking is the events route', () => {
    expect(sendMessageLegacy.method).toBe('POST');
    expect(exported.find(({ name }) => name === 'peekEvents')?.contract as unknown).toBe(getEvents);
  });
});
