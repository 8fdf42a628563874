import { expect, test } from 'bun:test';
import { testAccounts } from '#accounts/test-accounts.ts';
import type { Storage } from '#platform/storage/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { type DiscoveryDeps, discoveryFeature } from './index.ts';

const VERSIONS = '/_matrix/client/versions';

function setUp(storage: Storage, overrides: JsonObject = {}, more: Partial<DiscoveryDeps> = {}) {
  const world = testAccounts(storage, overrides);
  return { ...world, client: world.client(discoveryFeature({ config: world.config, ...more }).routes) };
}

forEachEngine('discovery', (engine) => {
  test('everybody learns the versions, and proxies may keep them', async () => {
    const { client } = setUp(await engine.open());
    const { status, body, headers } = await client('GET', VERSIONS);
    expect(status).toBe(200);
    expect(body.versions).toContain('r0.0.1');
    expect(body.versions).toContain('v1.1');
    expect(body.versions.at(-1)).toBe('v1.19');
    expect(new Set(body.versions).size).toBe(27);
    expect(Object.values(body.unstable_features).every((value) => typeof value === 'boolean')).toBe(true);
    expect(headers.get('cache-control')).toStartWith('public, max-age=600');
    expect(headers.get('vary')).toBe('Authorization');
    expect(headers.get('access-control-allow-origin')).toBe('*');
  });

  test('a user learns their own features, which nobody may keep for others', async () => {
    const { client, user } = setUp(
      await engine.open(),
      {},
      { featuresOf: async () => ({ 'org.matrix.msc3391': true }) },
    );
    const alice = await user('alice');
    const own = await client('GET', VERSIONS, { token: alice.token });
    expect(own.body.unstable_features['org.matrix.msc3391']).toBe(true);
    expect(own.headers.get('cache-control')).not.toContain('public');
    expect((await client('GET', VERSIONS)).body.unstable_features['org.matrix.msc3391']).toBe(false);
    expect((await client('GET', VERSIONS, { token: 'wrong' })).verdict).toBe('401 M_UNKNOWN_TOKEN');
  });

  test('features follow the configuration', async () => {
    const features = async (overrides: JsonObject) =>
      (await setUp(await engine.open(), overrides).client('GET', VERSIONS)).body.unstable_features;
    const plain = await features({});
    expect(plain).toMatchObject({
      'org.matrix.e2e_cross_signing': true,
      'org.matrix.simplified_msc3575': false,
      'org.matrix.msc4140': false,
      'org.matrix.msc3882': false,
      'org.matrix.msc3874': false,
      'io.element.e2ee_forced.private': false,
    });
    const other = await features({
      encryption_enabled_by_default_for_room_type: 'invite',
      login_via_existing_session: { enabled: true },
      experimental_features: { msc3874_enabled: true },
    });
    expect(other).toMatchObject({
      'org.matrix.simplified_msc3575': false,
      'org.matrix.msc4140': false,
      'org.matrix.msc3882': true,
      'org.matrix.msc3874': true,
      'io.element.e2ee_forced.private': true,
      'io.element.e2ee_forced.public': false,
    });
  });

  test('clients find the server, with what the operator adds', async () => {
    const { client } = setUp(await engine.open(), {
      public_baseurl: 'https://matrix.example.org',
      default_identity_server: 'https://id.example.org',
      extra_well_known_client_content: { 'org.example.extra': { a: 1 }, 'm.homeserver': 'not to be replaced' },
    });
    expect((await client('GET', '/.well-known/matrix/client')).body).toEqual({
      'm.homeserver': { base_url: 'https://matrix.example.org/' },
      'm.identity_server': { base_url: 'https://id.example.org' },
      'org.example.extra': { a: 1 },
    });
  });

  test('servers are sent to port 443 only where that is configured', async () => {
    const off = setUp(await engine.open());
    expect((await off.client('GET', '/.well-known/matrix/server')).verdict).toBe('404 M_NOT_FOUND');
    const on = setUp(await engine.open(), { serve_server_wellknown: true });
    expect((await on.client('GET', '/.well-known/matrix/server')).body).toEqual({ 'm.server': 'example.org:443' });
  });

  test('the operator’s contact is published where there is one', async () => {
    const support = async (overrides: JsonObject) =>
      setUp(await engine.open(), overrides).client('GET', '/.well-known/matrix/support');
    expect((await support({})).verdict).toBe('404 M_NOT_FOUND');
    expect((await support({ admin_contact: 'mailto:admin@example.org' })).body).toEqual({
      contacts: [{ email_address: 'admin@example.org', role: 'm.role.admin' }],
    });
    expect((await support({ admin_contact: '@admin:example.org' })).body).toEqual({
      contacts: [{ matrix_id: '@admin:example.org', role: 'm.role.admin' }],
    });
    expect((await support({ admin_contact: 'https://example.org/help' })).body).toEqual({
      support_page: 'https://example.org/help',
    });
  });

  test('a policy server’s key is published where one runs, an OAuth server nowhere', async () => {
    const none = setUp(await engine.open());
    expect((await none.client('GET', '/.well-known/matrix/policy_server')).verdict).toBe('404 M_NOT_FOUND');
    for (const path of [
      'v1/auth_metadata',
      'unstable/org.matrix.msc2965/auth_metadata',
      'unstable/org.matrix.msc2965/auth_issuer',
    ]) {
      expect((await none.client('GET', `/_matrix/client/${path}`)).verdict).toBe('404 M_UNRECOGNIZED');
    }
    const some = setUp(await engine.open(), {}, { policyServerKey: 'key' });
    expect((await some.client('GET', '/.well-known/matrix/policy_server')).body).toEqual({
      public_keys: { ed25519: 'key' },
    });
  });
});
