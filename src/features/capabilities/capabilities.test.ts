import { expect, test } from 'bun:test';
import { testAccounts } from '#accounts/test-accounts.ts';
import type { Storage } from '#platform/storage/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { capabilitiesFeature } from './index.ts';

const CAPABILITIES = '/_matrix/client/v3/capabilities';

function setUp(storage: Storage, overrides: JsonObject = {}) {
  const world = testAccounts(storage, overrides);
  const { accounts, config } = world;
  const feature = capabilitiesFeature({ users: accounts.users, config: { ...config, canValidateThreepids: false } });
  const client = world.client(feature.routes);
  const ask = async (token: string) => (await client('GET', CAPABILITIES, { token })).body.capabilities;
  return { ...world, client, ask };
}

forEachEngine('capabilities', (engine) => {
  test('all room versions are offered as stable, the newest by default', async () => {
    const { user, ask, client } = setUp(await engine.open());
    const versions = (await ask((await user('alice')).token))['m.room_versions'];
    expect(versions.default).toBe('12');
    expect(Object.keys(versions.available).toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 12 }, (_, index) => String(index + 1)),
    );
    expect(new Set(Object.values(versions.available))).toEqual(new Set(['stable']));
    expect((await client('GET', CAPABILITIES)).verdict).toBe('401 M_MISSING_TOKEN');
  });

  test('they depend on the account', async () => {
    const { user, ask } = setUp(await engine.open(), { login_via_existing_session: { enabled: true } });
    const alice = await ask((await user('alice', { password: 'secret' })).token);
    const guest = await ask((await user('123', { isGuest: true })).token);
    const admin = await ask((await user('admin', { isAdmin: true })).token);
    expect([alice, guest, admin].map((own) => own['m.change_password'].enabled)).toEqual([true, false, false]);
    expect([alice, guest, admin].map((own) => own['m.get_login_token'].enabled)).toEqual([true, false, true]);
    expect([alice, guest, admin].map((own) => own['m.account_moderation'])).toEqual([
      undefined,
      undefined,
      { suspend: true, lock: true },
    ]);
  });

  test('they follow the configuration', async () => {
    const { user, ask } = setUp(await engine.open(), {
      enable_set_displayname: false,
      password_config: { localdb_enabled: false },
      forget_rooms_on_leave: true,
      max_event_delay_duration: '24h',
      default_room_version: '11',
    });
    expect(await ask((await user('alice', { password: 'secret' })).token)).toMatchObject({
      'm.change_password': { enabled: false },
      'm.3pid_changes': { enabled: false },
      'm.set_displayname': { enabled: false },
      'm.set_avatar_url': { enabled: true },
      'm.profile_fields': { enabled: true, disallowed: ['displayname'] },
      'm.forget_forced_upon_leave': { enabled: true },
      'm.room_versions': { default: '11' },
      'org.matrix.msc4140.delayed_events': { max_delay_ms: 86_400_000, max_scheduled: 100 },
    });
  });
});
