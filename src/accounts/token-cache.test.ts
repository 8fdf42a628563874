import { describe, expect, test } from 'bun:test';
import type { UserId } from '#protocol/identifiers/index.ts';
import { type Credential, TokenCache } from './token-cache.ts';

const alice = '@alice:example.org' as UserId;
const bob = '@bob:example.org' as UserId;

function credential(userId: UserId): Credential {
  const requester = {
    userId,
    deviceId: undefined,
    tokenId: 1,
    isGuest: false,
    isAdmin: false,
    isSuspended: false,
    isShadowBanned: false,
    appserviceId: undefined,
  };
  return { requester, expiresTs: undefined, isLocked: false, puppetedBy: undefined };
}

describe('the token cache', () => {
  test('forgets all tokens of a user, and nobody else’s', () => {
    const cache = new TokenCache(10);
    cache.set('a1', credential(alice), cache.generation);
    cache.set('a2', credential(alice), cache.generation);
    cache.set('b1', credential(bob), cache.generation);
    cache.forgetUser(alice);
    expect([cache.get('a1'), cache.get('a2')]).toEqual([undefined, undefined]);
    expect(cache.get('b1')?.requester.userId).toBe(bob);
  });

  test('does not keep what was read before something was forgotten', () => {
    const cache = new TokenCache(10);
    const { generation } = cache;
    cache.forgetUser(alice);
    cache.set('a1', credential(alice), generation);
    expect(cache.get('a1')).toBeUndefined();
  });

  test('drops what was used least recently', () => {
    const cache = new TokenCache(2);
    cache.set('a1', credential(alice), cache.generation);
    cache.set('a2', credential(alice), cache.generation);
    cache.get('a1');
    cache.set('b1', credential(bob), cache.generation);
    expect(cache.get('a2')).toBeUndefined();
    expect([cache.get('a1'), cache.get('b1')].map((each) => each?.requester.userId)).toEqual([alice, bob]);
    // What is left of a user is still found when it is to be forgotten.
    cache.forgetUser(alice);
    expect(cache.get('a1')).toBeUndefined();
  });
});
