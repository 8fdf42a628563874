import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { EventId, KeyId, RoomId, ServerName, UserId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import { redactPdu } from '../redaction/index.ts';
import { ROOM_VERSIONS } from '../room-versions/index.ts';
import { PublicKeyCache, signingKeyFromSeed } from '../signing/index.ts';
import {
  buildPdu,
  checkPduFormat,
  countersignEvent,
  eventIdOf,
  type Pdu,
  type ProtoEvent,
  referenceHash,
  referenceHashBase64,
  requiredSignatures,
  sealEvent,
  signEvent,
  type UnsignedPdu,
  verifyContentHash,
  verifyEventSignature,
} from './index.ts';

const DOMAIN = 'domain' as ServerName;
const KEY = signingKeyFromSeed('ed25519:1' as KeyId, 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1');
const VERSIONS = Object.values(ROOM_VERSIONS);
const UP_TO_10 = VERSIONS.filter((rules) => Number(rules.version) <= 10);

/** https://spec.matrix.org/v1.19/appendices/#event-signing */
const MINIMAL = {
  event: {
    room_id: '!x:domain',
    sender: '@a:domain',
    origin: 'domain',
    origin_server_ts: 1_000_000,
    signatures: {},
    hashes: {},
    type: 'X',
    content: {},
    prev_events: [],
    auth_events: [],
    depth: 3,
    unsigned: { age_ts: 1_000_000 },
  } as unknown as UnsignedPdu,
  hash: '5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos',
  signature: 'KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg',
};
const REDACTABLE = {
  event: {
    content: { body: 'Here is the message content' },
    event_id: '$0:domain',
    origin: 'domain',
    origin_server_ts: 1_000_000,
    type: 'm.room.message',
    room_id: '!r:domain',
    sender: '@u:domain',
    signatures: {},
    unsigned: { age_ts: 1_000_000 },
  } as unknown as UnsignedPdu,
  hash: 'onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g',
  signature: 'Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA',
};

const REFERENCE = { eventId: '$ref:domain' as EventId, sha256: 'thehash' };

const proto = (changes: Partial<ProtoEvent> = {}): ProtoEvent => ({
  type: 'm.room.message',
  roomId: '!r:domain' as RoomId,
  sender: '@u:domain' as UserId,
  content: { body: 'hello' },
  originServerTs: 1000,
  depth: 7,
  prevEvents: [REFERENCE],
  authEvents: [REFERENCE],
  ...changes,
});

const sealed = (changes: Partial<ProtoEvent>, version: keyof typeof ROOM_VERSIONS) => {
  const rules = ROOM_VERSIONS[version];
  return sealEvent(buildPdu(proto(changes), { rules, eventId: '$own:domain' as EventId }), DOMAIN, KEY, rules);
};

describe('the vectors of the spec', () => {
  // They carry `origin`, which is signed up to room version 10 only.
  test.each(UP_TO_10)('hold in version $version', (rules) => {
    for (const { event, hash, signature } of [MINIMAL, REDACTABLE]) {
      const signed = signEvent(event, DOMAIN, KEY, rules);
      expect(verifyContentHash(signed)).toBe(true);
      expect(verifyEventSignature(signed, DOMAIN, KEY.keyId, KEY.publicKey, rules)).toBe(true);
      expect<unknown>(signed).toEqual({
        ...event,
        hashes: { sha256: hash },
        signatures: { domain: { 'ed25519:1': signature } },
      });
    }
  });

  test.each([ROOM_VERSIONS['11'], ROOM_VERSIONS['12']])(
    'hash alike but sign otherwise in version $version',
    (rules) => {
      const signed = signEvent(MINIMAL.event, DOMAIN, KEY, rules);
      expect(signed.hashes.sha256).toBe(MINIMAL.hash);
      expect(signed.signatures[DOMAIN]?.[KEY.keyId]).not.toBe(MINIMAL.signature);
    },
  );
});

describe('the id of an event', () => {
  // An event that another implementation made in a room of version 3, and the id it has there.
  const made = {
    auth_events: ['$x4MKEPRSF6OGlo0qpnsP3BfSmYX5HhVlykOsQH3ECyg', '$BcEcbZnlFLB5rxSNSZNBn6fO3jU/TKAJ79wfKyCQLiU'],
    content: { body: 'Test Message' },
    depth: 8,
    hashes: { sha256: 'dfK0MBn1RZZqCVJqWsn/MGY7QJHjQcwqF0unOonLCTU' },
    origin: 'localhost',
    origin_server_ts: 0,
    prev_events: ['$1SwcZ1XY/Y8yKLjP4DzAOHN5WFBcDAZxb5vFDnW2ubA'],
    room_id: '!roomid:localhost',
    sender: '@userid:localhost',
    signatures: {
      localhost: {
        'ed25519:auto': 'INOjuWMg+GmFkUpmzhMB0bqLNs73mSvwldY1ftYIQ/B3lD9soD2OMG3AF+wgZW/I8xqzY4DOHfbnbUeYPf67BA',
      },
    },
    type: 'm.room.message',
  } as unknown as Pdu;

  test('is its reference hash', () => {
    expect<string>(eventIdOf(made, ROOM_VERSIONS['3'])).toBe('$0SFh2WJbjBs3OT+E0yl95giDKo/3Zp52HsHUUk4uPyg');
    expect<string>(eventIdOf(made, ROOM_VERSIONS['4'])).toBe('$0SFh2WJbjBs3OT-E0yl95giDKo_3Zp52HsHUUk4uPyg');
    expect(referenceHashBase64(made, ROOM_VERSIONS['1'])).toBe('0SFh2WJbjBs3OT+E0yl95giDKo/3Zp52HsHUUk4uPyg');
    expect(verifyContentHash(made)).toBe(true);
  });

  test('is carried in versions 1 and 2', () => {
    for (const version of ['1', '2'] as const) {
      const { pdu, eventId } = sealed({}, version);
      expect<string>(eventId).toBe('$own:domain');
      expect<string>(eventIdOf(pdu, ROOM_VERSIONS[version])).toBe('$own:domain');
    }
    expect(() => eventIdOf(made, ROOM_VERSIONS['1'])).toThrow();
  });

  test('stands still when unsigned, signatures or redactable keys change', () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(fc.constantFrom(...VERSIONS), json, json, json, (rules, content, unsigned, signatures) => {
        const { pdu, eventId } = sealed({ content: content as JsonObject }, rules.version);
        const changed = { ...pdu, unsigned, signatures } as unknown as Pdu;
        expect(eventIdOf(changed, rules)).toBe(eventId);
        expect(eventIdOf(redactPdu(pdu, rules), rules)).toBe(eventId);
        expect(referenceHash(changed, rules)).toEqual(referenceHash(pdu, rules));
        expect(verifyContentHash(changed)).toBe(true);
        expect(referenceHash({ ...pdu, depth: pdu.depth + 1 }, rules)).not.toEqual(referenceHash(pdu, rules));
      }),
      { numRuns: 60 },
    );
  });
});

describe.each(VERSIONS)('in version $version', (rules) => {
  const { pdu } = sealed({}, rules.version);
  const verifies = (event: Pdu, cache?: PublicKeyCache): boolean =>
    verifyEventSignature(event, DOMAIN, KEY.keyId, KEY.publicKey, rules, cache);

  test('a sealed event verifies, also redacted', () => {
    expect(verifyContentHash(pdu)).toBe(true);
    expect(verifies(pdu)).toBe(true);
    expect(verifies(redactPdu(pdu, rules), new PublicKeyCache(1))).toBe(true);
    expect(verifies({ ...pdu, unsigned: { age: 1 } })).toBe(true);
  });

  test('a changed content breaks the hash only, a changed sender the signature too', () => {
    const edited = { ...pdu, content: { body: 'changed' } };
    expect(verifyContentHash(edited)).toBe(false);
    expect(verifies(edited)).toBe(true);
    expect(verifies({ ...pdu, sender: '@eve:domain' as UserId })).toBe(false);
    expect(verifyContentHash({ ...pdu, hashes: { sha256: 'not base64!' } })).toBe(false);
  });

  test('countersigning leaves hash and first signature alone', () => {
    const other = 'other' as ServerName;
    const both = countersignEvent(pdu, other, KEY, rules);
    expect(both.hashes).toEqual(pdu.hashes);
    expect(verifies(both)).toBe(true);
    expect(verifyEventSignature(both, other, KEY.keyId, KEY.publicKey, rules)).toBe(true);
    expect(eventIdOf(both, rules)).toBe(eventIdOf(pdu, rules));
  });
});

describe('the layout of a new event', () => {
  test('names events by pairs in versions 1 and 2, by id later', () => {
    for (const rules of VERSIONS) {
      const built = buildPdu(proto(), { rules, eventId: '$own:domain' as EventId });
      const isPairs = Number(rules.version) <= 2;
      expect<unknown>(built.prev_events).toEqual(isPairs ? [['$ref:domain', { sha256: 'thehash' }]] : ['$ref:domain']);
      expect<unknown>(built.auth_events).toEqual(built.prev_events);
      expect('event_id' in built).toBe(isPairs);
    }
  });

  test('refuses to lay out what would lack a hash or an id', () => {
    const bare = [{ eventId: '$ref:domain' as EventId }];
    const rules = ROOM_VERSIONS['1'];
    expect(() => buildPdu(proto({ prevEvents: bare }), { rules, eventId: '$own:domain' as EventId })).toThrow();
    expect(() => buildPdu(proto(), { rules })).toThrow();
  });

  test('puts redacts where its version has it', () => {
    const redaction = proto({ type: 'm.room.redaction', content: { reason: 'spam' }, redacts: '$bad' as EventId });
    const early = buildPdu(redaction, { rules: ROOM_VERSIONS['10'] });
    const late = buildPdu(redaction, { rules: ROOM_VERSIONS['11'] });
    expect<unknown>([early.redacts, early.content]).toEqual(['$bad', { reason: 'spam' }]);
    expect<unknown>([late.redacts, late.content]).toEqual([undefined, { reason: 'spam', redacts: '$bad' }]);
    expect(redaction.content).toEqual({ reason: 'spam' });
  });

  test('has only the keys it was given, and keeps depth within 2^53-1', () => {
    const { roomId: _, ...create } = proto({ type: 'm.room.create', stateKey: '', depth: 2 ** 53, prevEvents: [] });
    const built = buildPdu(create, { rules: ROOM_VERSIONS['12'] });
    expect(Object.keys(built).sort()).toEqual([
      'auth_events',
      'content',
      'depth',
      'origin_server_ts',
      'prev_events',
      'sender',
      'state_key',
      'type',
    ]);
    expect(built.depth).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('passes the format check of its version once sealed', () => {
    for (const rules of VERSIONS) {
      const reference = {
        eventId: (rules.eventIdFormat === 'opaque' ? '$a:domain' : `$${'a'.repeat(43)}`) as EventId,
        sha256: 'hash',
      };
      const roomId = (rules.roomIdIsCreateHash ? `!${'a'.repeat(43)}` : '!r:domain') as RoomId;
      const { pdu } = sealed({ roomId, prevEvents: [reference], authEvents: [reference] }, rules.version);
      expect(checkPduFormat(JSON.parse(JSON.stringify(pdu)), rules)).toEqual({ ok: true, pdu });
    }
  });
});

describe('the servers that must have signed', () => {
  const member = (content: JsonObject, changes: Partial<Pdu> = {}): Pdu =>
    ({
      type: 'm.room.member',
      sender: '@u:sender',
      state_key: '@t:target',
      event_id: '$e:sender',
      content,
      ...changes,
    }) as Pdu;
  const required = (pdu: Pdu, version: keyof typeof ROOM_VERSIONS): string[] => [
    ...requiredSignatures(pdu, ROOM_VERSIONS[version]),
  ];
  const eventId = '$e:maker' as EventId;

  test('are that of the sender', () => {
    for (const { version } of VERSIONS) expect(required(member({ membership: 'join' }), version)).toEqual(['sender']);
  });

  test('in versions 1 and 2 also that of the event id', () => {
    expect(required(member({ membership: 'join' }, { event_id: eventId }), '2')).toEqual(['sender', 'maker']);
    expect(required(member({ membership: 'join' }, { event_id: eventId }), '3')).toEqual(['sender']);
  });

  test('do not include the sender of an invite by third-party id', () => {
    const content = { membership: 'invite', third_party_invite: { signed: {} } };
    expect(required(member(content), '6')).toEqual([]);
    expect(required(member(content, { event_id: eventId }), '1')).toEqual(['maker']);
    expect(required(member({ ...content, membership: 'join' }), '6')).toEqual(['sender']);
    expect(required(member(content, { type: 'm.room.message' }), '6')).toEqual(['sender']);
    expect(required(member({ ...content, third_party_invite: 'x' }), '6')).toEqual(['sender']);
  });

  test('include the server that authorised a restricted join, from version 8', () => {
    const content = { membership: 'join', join_authorised_via_users_server: '@admin:resident' };
    expect(required(member(content), '7')).toEqual(['sender']);
    expect(required(member(content), '8')).toEqual(['sender', 'resident']);
    expect(required(member({ ...content, join_authorised_via_users_server: '@me:sender' }), '12')).toEqual(['sender']);
    expect(required(member(content, { type: 'm.room.message' }), '8')).toEqual(['sender']);
  });
});
