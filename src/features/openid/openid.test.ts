import { expect, test } from 'bun:test';
import { SERVER_NAME, testAccounts } from '#accounts/test-accounts.ts';
import type { Storage } from '#platform/storage/index.ts';
import { forEachEngine } from '#test/storage.ts';
import { openidFeature } from './index.ts';

const USERINFO = '/_matrix/federation/v1/openid/userinfo';
const requestPath = (userId: string) => `/_matrix/client/v3/user/${userId}/openid/request_token`;

function setUp(storage: Storage) {
  const world = testAccounts(storage);
  const feature = openidFeature({ ...world, reader: storage.reader, serverName: SERVER_NAME });
  return { ...world, ...feature, client: world.client(feature.routes) };
}

forEachEngine('openid', (engine) => {
  test('a third party learns from the token whose it is', async () => {
    const { client, user } = setUp(await engine.open());
    const alice = await user('alice');
    const { body } = await client('POST', requestPath(alice.userId), { token: alice.token, body: {} });
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      matrix_server_name: 'example.org',
      expires_in: 3600,
    });
    const info = await client('GET', `${USERINFO}?access_token=${body.access_token}`);
    expect(info.body).toEqual({ sub: alice.userId });
  });

  test('nobody gets a token of another user', async () => {
    const { client, user } = setUp(await engine.open());
    const alice = await user('alice');
    const bob = await user('bob', { isAdmin: true });
    expect((await client('POST', requestPath(alice.userId), { token: bob.token })).verdict).toBe('403 M_FORBIDDEN');
    expect((await client('POST', requestPath(alice.userId))).verdict).toBe('401 M_MISSING_TOKEN');
  });

  test('a token is good for nothing else, and nothing else is good for one', async () => {
    const { client, user, accounts } = setUp(await engine.open());
    const alice = await user('alice');
    const { access_token } = (await client('POST', requestPath(alice.userId), { token: alice.token })).body;
    expect(await accounts.authenticator.peek(access_token)).toBeUndefined();
    expect((await client('GET', `${USERINFO}?access_token=${alice.token}`)).verdict).toBe('401 M_UNKNOWN_TOKEN');
    expect((await client('GET', USERINFO)).verdict).toBe('401 M_MISSING_TOKEN');
  });

  test('tokens end after an hour, and with their account', async () => {
    const { client, user, accounts, clock, sweep, storage } = setUp(await engine.open());
    const alice = await user('alice');
    const ask = async () => (await client('POST', requestPath(alice.userId), { token: alice.token })).body.access_token;
    const verdict = async (token: string) => (await client('GET', `${USERINFO}?access_token=${token}`)).verdict;
    const first = await ask();
    await clock.advance(3_600_000);
    expect(await verdict(first)).toBe('401 M_UNKNOWN_TOKEN');
    const second = await ask();
    await sweep();
    expect(await storage.reader.all({ sql: 'select * from openid_tokens', parameters: [] })).toHaveLength(1);
    await accounts.lifecycle.deactivate(alice.userId, { erase: false });
    expect(await verdict(second)).toBe('401 M_UNKNOWN_TOKEN');
  });
});
