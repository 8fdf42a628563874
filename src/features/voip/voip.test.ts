import { expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { testAccounts } from '#accounts/test-accounts.ts';
import type { Storage } from '#platform/storage/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { voipFeature } from './index.ts';

const TURN = '/_matrix/client/v3/voip/turnServer';
const URIS = ['turn:turn.example.org?transport=udp'];

function setUp(storage: Storage, overrides: JsonObject = {}) {
  const world = testAccounts(storage, overrides);
  return { ...world, client: world.client(voipFeature({ clock: world.clock, config: world.config.turn }).routes) };
}

forEachEngine('voip', (engine) => {
  test('with a shared secret the credentials are the user’s, for a time', async () => {
    const { client, user, clock } = setUp(await engine.open(), {
      turn_uris: URIS,
      turn_shared_secret: 'north',
      turn_user_lifetime: '1h',
    });
    const alice = await user('alice');
    const { body } = await client('GET', TURN, { token: alice.token });
    const username = `${Math.floor(clock.now() / 1000) + 3600}:${alice.userId}`;
    const password = createHmac('sha1', 'north').update(username).digest('base64');
    expect(body).toEqual({ uris: URIS, ttl: 3600, username, password });
    expect((await client('GET', TURN)).verdict).toBe('401 M_MISSING_TOKEN');
  });

  test('fixed credentials are handed out as they are; without a server there are none', async () => {
    const fixed = setUp(await engine.open(), { turn_uris: URIS, turn_username: 'u', turn_password: 'p' });
    const alice = await fixed.user('alice');
    const answer = await fixed.client('GET', TURN, { token: alice.token });
    expect(answer.body).toMatchObject({ username: 'u', password: 'p', ttl: 3600 });
    const none = setUp(await engine.open(), { turn_shared_secret: 'north' });
    const bob = await none.user('bob');
    expect((await none.client('GET', TURN, { token: bob.token })).body).toEqual({});
  });

  test('guests get credentials unless the operator says no', async () => {
    const open = setUp(await engine.open(), { turn_uris: URIS, turn_shared_secret: 'north' });
    const guest = await open.user('123', { isGuest: true });
    expect((await open.client('GET', TURN, { token: guest.token })).status).toBe(200);
    const closed = setUp(await engine.open(), {
      turn_uris: URIS,
      turn_shared_secret: 'north',
      turn_allow_guests: false,
    });
    const other = await closed.user('456', { isGuest: true });
    expect((await closed.client('GET', TURN, { token: other.token })).verdict).toBe('403 M_GUEST_ACCESS_FORBIDDEN');
  });
});
