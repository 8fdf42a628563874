import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '#platform/random/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import {
  type Config,
  ConfigError,
  type ConfigSource,
  loadConfig,
  renderDefaultConfig,
  writeDefaultConfig,
} from './index.ts';
import { SYNAPSE_TOP_LEVEL_KEYS } from './synapse-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(text: string): string {
  files += 1;
  const path = join(folder, `${files}.yaml`);
  writeFileSync(path, text);
  return path;
}

const yaml = (text: string, source: ConfigSource = {}): Config =>
  loadConfig({ files: [file(text)], cwd: folder, ...source });

/** The faults of a configuration. */
function problemsOf(text: string, source: ConfigSource = {}): readonly string[] {
  try {
    yaml(text, source);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('defaults', () => {
  test('need no file at all', () => {
    const config = loadConfig({ cwd: '/srv/x' });
    expect(config.server).toMatchObject({
      serverName: 'localhost',
      publicBaseurl: 'http://localhost:8008/',
      dataDir: '/srv/x/data',
    });
    expect(config.database).toEqual({ engine: 'sqlite', path: '/srv/x/data/homeserver.db' });
    expect(config.keys.signingKeyPath).toBe('/srv/x/data/localhost.signing.key');
    expect(config.media.storePath).toBe('/srv/x/data/media_store');
    expect(config.listeners).toHaveLength(1);
    expect(config.listeners[0]?.address).toEqual({ port: 8008, bindAddresses: ['127.0.0.1', '::1'] });
    expect(config.warnings).toEqual([]);
  });

  test('publish nothing to the room directory and allow aliases', () => {
    const { rooms } = loadConfig();
    expect(rooms.roomListPublicationRules).toEqual([{ userId: '*', alias: '*', roomId: '*', action: 'deny' }]);
    expect(rooms.aliasCreationRules).toEqual([{ userId: '*', alias: '*', roomId: '*', action: 'allow' }]);
  });

  test('block private addresses and keep registration closed', () => {
    const config = loadConfig();
    expect(config.outbound.ipRangeBlocklist).toContain('10.0.0.0/8');
    expect(config.outbound.ipRangeBlocklist).toContain('::1/128');
    expect(config.registration.enabled).toBe(false);
  });
});

test('nothing of a configuration can be changed', () => {
  const config = yaml('server_name: a.test\nlisteners: [{port: 1}]\nextra_well_known_client_content: {x: {y: 1}}');
  const attempts = [
    () => Object.assign(config.server, { serverName: 'b' }),
    () => (config.listeners as unknown[]).push(1),
    () => Object.assign(config.server.extraWellKnownClientContent.x as object, { y: 2 }),
  ];
  for (const attempt of attempts) expect(attempt).toThrow();
});

test("a Synapse operator's file works", () => {
  const config = yaml(`
server_name: "example.com"
public_baseurl: https://matrix.example.com
pid_file: /data/homeserver.pid
listeners:
  - port: 8008
    tls: false
    type: http
    x_forwarded: true
    bind_addresses: ['::1', '127.0.0.1']
    resources:
      - names: [client, federation]
        compress: false
  - path: /run/matrix/main.sock
    mode: 0660
    type: http
    resources: [{names: [client]}]
  - {port: 9000, type: metrics, bind_addresses: [127.0.0.1]}
database:
  name: psycopg2
  txn_limit: 10000
  args: {user: synapse, password: secret, dbname: synapse, host: db, port: 5433, cp_min: 5, cp_max: 20, keepalives_idle: 10}
log_config: "/data/example.com.log.config"
media_store_path: /data/media_store
max_upload_size: 100M
registration_shared_secret: "abc"
report_stats: yes
macaroon_secret_key: "m"
form_secret: "f"
signing_key_path: "/data/example.com.signing.key"
trusted_key_servers:
  - server_name: "matrix.org"
    verify_keys: {"ed25519:auto": "abcdefghijklmnopqrstuvwxyz1234567890"}
suppress_key_server_warning: true
rc_message: {per_second: 5, burst_count: 50}
rc_login:
  address: {per_second: 1, burst_count: 5}
rc_joins: {remote: {burst_count: 7}}
session_lifetime: 24h
turn_uris: ["turn:turn.example.com"]
turn_user_lifetime: 1h
retention: {enabled: true, default_policy: {max_lifetime: 1y}, purge_jobs: [{longest_max_lifetime: 3d, interval: 12h}]}
thumbnail_sizes: [{width: 64, height: 64, method: crop}]
encryption_enabled_by_default_for_room_type: off
presence: {enabled: no}
caches: {global_factor: 2.0}
oidc_providers: [{idp_id: x}]
`);
  expect(config.server.publicBaseurl).toBe('https://matrix.example.com/');
  expect(config.server.reportStats).toBe(true);
  expect(config.listeners.map(({ address }) => address)).toEqual([
    { port: 8008, bindAddresses: ['::1', '127.0.0.1'] },
    { unixSocket: '/run/matrix/main.sock', mode: 0o660 },
    { port: 9000, bindAddresses: ['127.0.0.1'] },
  ]);
  expect(config.listeners[2]?.resources).toEqual(['metrics']);
  expect(config.database).toMatchObject({
    engine: 'postgres',
    user: 'synapse',
    password: 'secret',
    database: 'synapse',
    host: 'db',
    port: 5433,
    cp_max: 20,
  });
  expect(config.media.maxUploadSizeBytes).toBe(100 * 1024 ** 2);
  expect(config.media.thumbnailSizes).toEqual([{ width: 64, height: 64, method: 'crop' }]);
  expect(config.keys.trustedKeyServers[0]?.verifyKeys).toEqual({
    'ed25519:auto': 'abcdefghijklmnopqrstuvwxyz1234567890',
  });
  expect(config.rateLimits.limits.rc_message).toEqual({ perSecond: 5, burstCount: 50 });
  expect(config.rateLimits.limits['rc_login.address']).toEqual({ perSecond: 1, burstCount: 5 });
  expect(config.rateLimits.limits['rc_joins.remote']).toEqual({ perSecond: 0.01, burstCount: 7 });
  expect(config.sessions.sessionLifetimeMs).toBe(86_400_000);
  expect(config.turn.userLifetimeMs).toBe(3_600_000);
  expect(config.retention.defaultMaxLifetimeMs).toBe(365 * 86_400_000);
  expect(config.retention.purgeJobs).toEqual([
    { shortestMaxLifetimeMs: undefined, longestMaxLifetimeMs: 3 * 86_400_000, intervalMs: 43_200_000 },
  ]);
  expect(config.rooms.encryptionEnabledByDefault).toBe('off');
  expect(config.presence.enabled).toBe(false);
  expect(config.warnings.map((warning) => warning.split(':')[0]).sort()).toEqual([
    'caches.global_factor',
    'log_config',
    'oidc_providers',
  ]);
});

describe('keys', () => {
  test("that are Synapse's and not supported are warned of by name", () => {
    expect(yaml('saml2_config: {a: {b: 1}}').warnings).toEqual([
      'saml2_config: is a key of Synapse that has no effect here yet',
    ]);
    expect(yaml('log_config: x.config').warnings[0]).toContain('log, with level, format and levels');
  });

  test('that nobody knows are errors with their path, and the name that may have been meant', () => {
    expect(problemsOf('servername: a.test\nquux: 1')).toEqual([
      'servername: unknown key; did you mean server_name?',
      'quux: unknown key',
    ]);
    expect(problemsOf('presence: {enabld: true}')).toEqual(['presence.enabld: unknown key']);
    expect(problemsOf('listeners: [{port: 1}, {port: 2, tsl: true}]')).toEqual(['listeners[1].tsl: unknown key']);
    expect(problemsOf('rc_login: {address: {persecond: 1}}')).toEqual(['rc_login.address.persecond: unknown key']);
  });

  test('all faults are told at once', () => {
    expect(problemsOf('server_name: "a b"\nmax_upload_size: huge\nenable_search: maybe\nlisteners: [{}]')).toEqual([
      'server_name: "a b" is not a server name (a host name, with :port if needed)',
      'listeners[0].port: is required',
      'max_upload_size: must be a size such as 65536, 512K, 50M or 2G',
      'enable_search: must be true or false',
    ]);
  });

  test('without a value are absent', () => {
    expect(yaml('public_baseurl:\nlisteners:\nserver_name: a.test').server.publicBaseurl).toBe('https://a.test/');
  });

  test('every key that the sections read is warned of nowhere', () => {
    const known = ['server_name', 'rc_message', 'turn_shared_secret', 'retention', 'user_directory', 'auto_join_rooms'];
    for (const key of known) expect(SYNAPSE_TOP_LEVEL_KEYS.has(key)).toBe(true);
  });
});

describe('several sources', () => {
  test('a later file replaces the top-level keys of an earlier one', () => {
    const one = file('server_name: a.test\nrc_message: {per_second: 1}\nenable_search: false');
    const two = file('rc_message: {burst_count: 99}');
    const config = loadConfig({ files: [one, two] });
    expect(config.server.serverName as string).toBe('a.test');
    expect(config.rateLimits.limits.rc_message).toEqual({ perSecond: 0.2, burstCount: 99 });
    expect(config.rooms.enableSearch).toBe(false);
  });

  test('a folder stands for its YAML files in order', () => {
    const path = join(folder, 'conf.d');
    mkdirSync(path);
    writeFileSync(join(path, '2.yaml'), 'server_name: two.test');
    writeFileSync(join(path, '1.yaml'), 'server_name: one.test\nenable_search: false');
    writeFileSync(join(path, 'notes.txt'), 'no: yaml');
    const config = loadConfig({ files: [path] });
    expect([config.server.serverName as string, config.rooms.enableSearch]).toEqual(['two.test', false]);
  });

  test('the environment goes before files, overrides before all', () => {
    const files = [file('server_name: file.test\nenable_search: true')];
    const env = {
      MYELIN_SERVER_NAME: 'env.test',
      MYELIN_ENABLE_SEARCH: 'false',
      MYELIN_AUTO_JOIN_ROOMS: '["#a:b"]',
      HOME: '/x',
    };
    const config = loadConfig({ files, env, overrides: { server_name: 'override.test' } });
    expect(config.server.serverName as string).toBe('override.test');
    expect(config.rooms.enableSearch).toBe(false);
    expect(config.registration.autoJoinRooms).toEqual(['#a:b']);
  });

  test('variables that are no keys are warned of and ignored: others set them', () => {
    const env = { MYELIN_PORT: 'tcp://10.0.0.1:80', MYELIN_CONFIG: 'x', MYELIN_TEST_POSTGRES: 'y' };
    expect(loadConfig({ env }).warnings).toEqual(['MYELIN_PORT: is no known key and has no effect']);
  });

  test('a file that is missing, no map or no YAML is an error that names it', () => {
    expect(() => loadConfig({ files: ['/nowhere.yaml'] })).toThrow('cannot read /nowhere.yaml (ENOENT)');
    mkdirSync(join(folder, 'empty.d'));
    expect(() => loadConfig({ files: [join(folder, 'empty.d')] })).toThrow('empty.d has no .yaml file');
    expect(problemsOf('[1]')[0]).toContain('must be a map');
    expect(problemsOf('a: [1')[0]).toContain('.yaml: ');
    expect(problemsOf('server_name: a.test\nserver_name: b.test')[0]).toContain('unique');
    expect(problemsOf('form_secret: s3cret\nform_secret: s3cret').join()).not.toContain('s3cret');
  });
});

describe('secrets', () => {
  test('may lie in a file of their own', () => {
    const path = file('s3cret\n');
    expect(yaml(`registration_shared_secret_path: ${path}`).registration.sharedSecret).toBe('s3cret');
    expect(yaml(`turn_shared_secret_path: ${path}`).turn.sharedSecret).toBe('s3cret');
    expect(yaml(`database: {name: psycopg2, args: {password_path: ${path}}}`).database).toMatchObject({
      password: 's3cret',
    });
    expect(yaml(`email: {smtp_pass_path: ${path}}`).email?.smtpPassword).toBe('s3cret');
  });

  test('are given once, and their file must be there', () => {
    expect(problemsOf(`form_secret: a\nform_secret_path: ${file('b')}`)).toEqual([
      'form_secret: stands beside form_secret_path; keep one of them',
    ]);
    expect(problemsOf('form_secret_path: /nowhere')).toEqual(['form_secret_path: cannot read /nowhere (ENOENT)']);
  });
});

describe('settings that do not go together', () => {
  test('open registration needs something that verifies, or to be asked for twice', () => {
    expect(problemsOf('enable_registration: true')[0]).toStartWith('enable_registration: is true but nothing verifies');
    for (const more of ['registration_requires_token: true', 'enable_registration_without_verification: true']) {
      expect(problemsOf(`enable_registration: true\n${more}`)).toEqual([]);
    }
  });

  test('a TLS listener needs certificate and key', () => {
    expect(problemsOf('listeners: [{port: 8448, tls: true}]').map((problem) => problem.split(':')[0])).toEqual([
      'tls_certificate_path',
      'tls_private_key_path',
    ]);
  });

  test('a server name is required where somebody has begun to say what server it is', () => {
    const needsServerName = true;
    expect(problemsOf('enable_search: false', { needsServerName })).toEqual([
      'server_name: is required: the part after the colon in user ids',
    ]);
    expect(problemsOf('server_name: a.test', { needsServerName })).toEqual([]);
    expect(problemsOf('', { needsServerName, env: { MYELIN_SERVER_NAME: 'a.test' } })).toEqual([]);
  });

  test('new rooms have a version that exists', () => {
    expect(problemsOf('default_room_version: 99')[0]).toStartWith('default_room_version: must be one of 1, 2,');
    expect(yaml('default_room_version: 11').rooms.defaultRoomVersion).toBe('11');
  });

  test('a listener for replication alone is left out, with whatever else is said of it', () => {
    const resources = 'resources: [{names: [replication], compress: false}], tls: false, x_forwarded: true';
    const config = yaml(
      `listeners: [{port: 1, ${resources}}, {port: 2, resources: [{names: [replication, client]}]}, ` +
        `{port: 3, type: manhole, tls: false, ${'resources: []'}}]`,
    );
    expect(config.listeners.map(({ address, resources }) => ({ address, resources }))).toMatchObject([
      { address: { port: 2 }, resources: ['client'] },
    ]);
    expect(config.warnings.filter((warning) => warning.includes('not opened')).length).toBe(2);
    expect(config.warnings.length).toBe(3);
  });

  test('a resource that does not exist is refused, a manhole left out', () => {
    expect(problemsOf('listeners: [{port: 1, resources: [{names: [clinet]}]}]')[0]).toContain(
      'no such resource: clinet',
    );
    const config = yaml('listeners: [{port: 1, type: manhole}, {port: 2}]');
    expect(config.listeners).toHaveLength(1);
    expect(config.warnings[0]).toContain('listeners[0].type');
  });

  test('a database in memory is refused', () => {
    expect(problemsOf('database: {name: sqlite3, args: {database: ":memory:"}}')[0]).toStartWith(
      'database.args.database:',
    );
  });
});

describe('the file that init writes', () => {
  const options = { serverName: 'new.test', random: seededRandom('init') };

  test('is valid, complete and holds secrets of its own', () => {
    const config = yaml(renderDefaultConfig({ ...options, publicBaseurl: 'https://m.new.test/', port: 9999 }));
    expect(config.warnings).toEqual([]);
    expect(config.server).toMatchObject({ serverName: 'new.test', publicBaseurl: 'https://m.new.test/' });
    expect(config.listeners[0]?.address).toMatchObject({ port: 9999 });
    const secrets = [config.registration.sharedSecret, config.server.formSecret, config.server.macaroonSecretKey];
    expect(new Set(secrets).size).toBe(3);
    for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9]{50}$/);
  });

  test('is valid with every comment taken as a setting', () => {
    const text = renderDefaultConfig(options).replace(/^#(?=[a-z]| {2})/gm, '');
    expect(text).toContain('\nmax_upload_size: 50M');
    const uncommented = text.replaceAll('_path: /run/secrets', '_path: /dev/null #');
    expect(problemsOf(uncommented)).toEqual([]);
  });

  test('quotes what YAML would read otherwise', () => {
    const config = yaml(renderDefaultConfig({ ...options, serverName: '1.2', dataDir: 'a: b' }));
    expect(config.server.serverName as string).toBe('1.2');
    expect(config.server.dataDir).toBe(join(folder, 'a: b'));
  });

  test('is for its owner only, and never overwrites', () => {
    const path = join(folder, 'made', 'homeserver.yaml');
    expect(writeDefaultConfig(path, options)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(writeDefaultConfig(path, options)).toBe(false);
  });
});

test('overrides that are hostile do no harm', () => {
  const overrides = JSON.parse('{"__proto__": {"server_name": "evil.test"}}') as JsonObject;
  expect(() => loadConfig({ overrides })).toThrow('unknown key');
  expect(loadConfig().server.serverName as string).toBe('localhost');
});
