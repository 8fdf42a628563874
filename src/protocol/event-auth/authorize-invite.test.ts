import { describe, expect, test } from 'bun:test';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { JsonObject, JsonValue } from '../json.ts';
import { alice, bob, carol, dave, expectAllowed, expectRefused, room, versions } from './test-room.ts';
import { isSignedByThirdParty } from './third-party-signature.ts';

describe.each(versions())('version %s', (version) => {
  test('a member with the invite level invites', () => {
    const scene = room(version).with(bob, carol);
    expectAllowed(scene.invite(bob, dave));
    scene.levels({ invite: 50, users: { [bob]: 50, [carol]: 49 } });
    expectAllowed(scene.invite(bob, dave));
    expectRefused(scene.invite(carol, dave), 'inviting needs');
  });

  test('only a member invites', () => {
    const scene = room(version).membership(bob, 'invite').joinRule('public');
    expectRefused(scene.invite(bob, dave), 'not in the room');
    expectRefused(scene.invite(carol, dave), 'not in the room');
  });

  test('the joined and the banned cannot be invited, all others can, also again', () => {
    const scene = room(version);
    expectRefused(scene.with(dave).invite(alice, dave), 'already in the room');
    expectRefused(scene.membership(dave, 'ban').invite(alice, dave), 'banned');
    for (const membership of ['leave', 'invite', 'knock']) {
      expectAllowed(scene.membership(dave, membership).invite(alice, dave));
    }
  });
});

const rawKey = (key: KeyObject, encoding: 'base64' | 'base64url' = 'base64'): string =>
  key.export({ type: 'spki', format: 'der' }).subarray(-32).toString(encoding).replace(/=+$/, '');

const identityServer = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519');
const ownKey = rawKey(identityServer.publicKey);
const otherKey = rawKey(other.publicKey);

/** `signed` by the identity server; keys are already in canonical order. */
function signedInvite(mxid: string, token: string, keyId = 'ed25519:0'): JsonObject {
  const signed = { mxid, sender: alice, token };
  const signature = sign(null, Buffer.from(JSON.stringify(signed)), identityServer.privateKey);
  return { ...signed, signatures: { 'id.test': { [keyId]: signature.toString('base64').replace(/=+$/, '') } } };
}

describe.each(versions())('a third-party invite in version %s', (version) => {
  const scene = (content: JsonObject = { public_key: ownKey }) =>
    room(version).with(bob).has('m.room.third_party_invite', content, 'token');
  const invited = (signed: JsonValue) => ({ third_party_invite: { display_name: 'd', signed } });

  test('that its key has signed is allowed, whatever the invite level', () => {
    expectAllowed(scene().invite(alice, dave, invited(signedInvite(dave, 'token'))));
    expectAllowed(
      scene()
        .levels({ invite: 1000 })
        .invite(alice, dave, invited(signedInvite(dave, 'token'))),
    );
  });

  test('is signed by any of its keys, in either alphabet', () => {
    const keys = [{ public_key: otherKey }, { public_key: ownKey }];
    const signed = invited(signedInvite(dave, 'token'));
    expectAllowed(scene({ public_key: otherKey, public_keys: keys }).invite(alice, dave, signed));
    expectAllowed(scene({ public_keys: keys }).invite(alice, dave, signed));
    expectAllowed(scene({ public_key: rawKey(identityServer.publicKey, 'base64url') }).invite(alice, dave, signed));
    for (const content of [{ public_key: otherKey }, {}, { public_key: 7, public_keys: [ownKey, null, {}] }]) {
      expectRefused(scene(content).invite(alice, dave, signed), 'no key of the third-party invite');
    }
  });

  test('that was altered, or whose signature is of another kind, is refused', () => {
    const altered = { ...signedInvite(dave, 'token'), sender: bob };
    expectRefused(scene().invite(alice, dave, invited(altered)), 'no key of the third-party invite');
    const wrongKind = signedInvite(dave, 'token', 'rsa:0');
    expectRefused(scene().invite(alice, dave, invited(wrongKind)), 'no key of the third-party invite');
    for (const signatures of [undefined, null, {}, { 'id.test': 'x' }, { 'id.test': { 'ed25519:0': 7 } }]) {
      const signed = invited({ mxid: dave, token: 'token', signatures } as JsonObject);
      expectRefused(scene().invite(alice, dave, signed), 'no key of the third-party invite');
    }
  });

  test('does not let a banned user in', () => {
    const banned = scene().membership(dave, 'ban');
    expectRefused(banned.invite(alice, dave, invited(signedInvite(dave, 'token'))), 'banned');
  });

  test('has a signed object with mxid and token', () => {
    for (const thirdPartyInvite of [null, 'x', [], {}, { signed: null }, { signed: 'x' }]) {
      expectRefused(scene().invite(alice, dave, { third_party_invite: thirdPartyInvite }), 'is not signed');
    }
    for (const signed of [{}, { mxid: dave }, { token: 'token' }, { mxid: 7, token: 'token' }]) {
      expectRefused(scene().invite(alice, dave, invited(signed as JsonObject)), 'no mxid or no token');
    }
  });

  test('is for the user it names', () => {
    expectRefused(scene().invite(alice, carol, invited(signedInvite(dave, 'token'))), 'for another user');
  });

  test('has an invitation with its token in the state, by the same sender', () => {
    expectRefused(scene().invite(alice, dave, invited(signedInvite(dave, 'elsewhere'))), 'no such third-party invite');
    expectRefused(scene().invite(bob, dave, invited(signedInvite(dave, 'token'))), 'made by another user');
  });
});

test('the work for a hostile third-party invite is bounded', () => {
  const signed = signedInvite(dave, 'token');
  const withKeysBefore = (count: number): JsonObject => ({
    public_keys: [...Array.from({ length: count }, () => ({ public_key: otherKey })), { public_key: ownKey }],
  });
  expect(isSignedByThirdParty(signed, withKeysBefore(63))).toBe(true);
  expect(isSignedByThirdParty(signed, withKeysBefore(64))).toBe(false);
});
