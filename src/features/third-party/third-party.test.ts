import { expect, test } from 'bun:test';
import { testAccounts } from '#accounts/test-accounts.ts';
import type { Storage } from '#platform/storage/index.ts';
import { forEachEngine } from '#test/storage.ts';
import { NO_NETWORKS, type ThirdPartyNetworks, thirdPartyFeature } from './index.ts';

const BASE = '/_matrix/client/v3/thirdparty';
const irc = { user_fields: ['nick'], location_fields: ['channel'], icon: 'mxc://a/b', field_types: {}, instances: [] };

async function setUp(storage: Storage, networks?: ThirdPartyNetworks) {
  const world = testAccounts(storage);
  const client = world.client(thirdPartyFeature(networks === undefined ? {} : { networks }).routes);
  const { token } = await world.user('alice');
  return { client, get: (path: string) => client('GET', BASE + path, { token }) };
}

forEachEngine('third-party networks', (engine) => {
  test('without appservices there are no networks, and nothing is found', async () => {
    const { client, get } = await setUp(await engine.open());
    expect((await get('/protocols')).body).toEqual({});
    for (const path of [
      '/protocol/irc',
      '/location/irc?channel=a',
      '/location?alias=%23a:b.c',
      '/user/irc?nick=a',
      '/user?userid=@a:b.c',
    ]) {
      expect([path, (await get(path)).verdict]).toEqual([path, '404 M_NOT_FOUND']);
      expect((await client('GET', BASE + path)).verdict).toBe('401 M_MISSING_TOKEN');
    }
    expect((await get('/location')).verdict).toBe('400 M_MISSING_PARAM');
    expect((await get('/protocol/constructor')).verdict).toBe('404 M_NOT_FOUND');
  });

  test('a network is asked with the fields of the query', async () => {
    const asked: unknown[] = [];
    const { get } = await setUp(await engine.open(), {
      ...NO_NETWORKS,
      protocols: async () => ({ irc }),
      locations: async (protocol, fields) => {
        asked.push(protocol, fields);
        return [{ alias: '#irc:example.org', protocol, fields: { ...fields } }];
      },
    });
    expect((await get('/protocol/irc')).body).toEqual(irc);
    expect((await get('/location/irc?channel=%23test&network=libera')).body).toHaveLength(1);
    expect(asked).toEqual(['irc', { channel: '#test', network: 'libera' }]);
  });
});
