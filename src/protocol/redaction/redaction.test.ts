import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Pdu } from '../events/pdu.ts';
import type { JsonObject } from '../json.ts';
import { ROOM_VERSIONS, type RoomVersion, type RoomVersionRules } from '../room-versions/index.ts';
import { redactedContent, redactPdu } from './index.ts';

const VERSIONS = Object.values(ROOM_VERSIONS);
const TOP_LEVEL = [
  'auth_events',
  'content',
  'depth',
  'event_id',
  'hashes',
  'origin_server_ts',
  'prev_events',
  'room_id',
  'sender',
  'signatures',
  'state_key',
  'type',
];
const POWER_LEVELS = ['ban', 'events', 'events_default', 'kick', 'redact', 'state_default', 'users', 'users_default'];

/** The content keys that the page of each room version names; `from` and `until` are inclusive. */
const TABLE: { type: string; keeps: string[]; from: number; until: number }[] = [
  { type: 'm.room.member', keeps: ['membership'], from: 1, until: 8 },
  { type: 'm.room.member', keeps: ['join_authorised_via_users_server', 'membership'], from: 9, until: 10 },
  { type: 'm.room.create', keeps: ['creator'], from: 1, until: 10 },
  { type: 'm.room.join_rules', keeps: ['join_rule'], from: 1, until: 7 },
  { type: 'm.room.join_rules', keeps: ['allow', 'join_rule'], from: 8, until: 12 },
  { type: 'm.room.power_levels', keeps: POWER_LEVELS, from: 1, until: 10 },
  { type: 'm.room.power_levels', keeps: [...POWER_LEVELS, 'invite'].sort(), from: 11, until: 12 },
  { type: 'm.room.aliases', keeps: ['aliases'], from: 1, until: 5 },
  { type: 'm.room.aliases', keeps: [], from: 6, until: 12 },
  { type: 'm.room.history_visibility', keeps: ['history_visibility'], from: 1, until: 12 },
  { type: 'm.room.redaction', keeps: [], from: 1, until: 10 },
  { type: 'm.room.redaction', keeps: ['redacts'], from: 11, until: 12 },
  { type: 'm.room.message', keeps: [], from: 1, until: 12 },
  { type: 'm.room.server_acl', keeps: [], from: 1, until: 12 },
  { type: 'm.room.third_party_invite', keeps: [], from: 1, until: 12 },
  { type: 'constructor', keeps: [], from: 1, until: 12 },
];

const EVERY_KEY: JsonObject = Object.fromEntries(
  [
    ...POWER_LEVELS,
    'invite',
    'notifications',
    'membership',
    'join_authorised_via_users_server',
    'displayname',
    'creator',
    'room_version',
    'join_rule',
    'allow',
    'aliases',
    'history_visibility',
    'redacts',
    'reason',
    'body',
  ].map((key) => [key, `the ${key}`]),
);

const pduOf = (type: string, content: JsonObject): Pdu => {
  const keys = [...TOP_LEVEL, 'origin', 'membership', 'prev_state', 'redacts', 'unsigned', 'age_ts', 'anything'];
  return { ...Object.fromEntries(keys.map((key) => [key, `the ${key}`])), type, content } as unknown as Pdu;
};

describe.each(VERSIONS.map((rules): [RoomVersion, RoomVersionRules] => [rules.version, rules]))(
  'version %s',
  (version, rules) => {
    const lines = TABLE.filter(({ from, until }) => from <= Number(version) && Number(version) <= until);

    test.each(lines)('keeps of $type the content keys $keeps', ({ type, keeps }) => {
      expect(Object.keys(redactedContent(type, EVERY_KEY, rules)).sort()).toEqual(keeps);
    });

    test('keeps the top-level keys of its page', () => {
      const early = Number(version) <= 10 ? ['membership', 'origin', 'prev_state'] : [];
      expect(Object.keys(redactPdu(pduOf('m.room.message', {}), rules)).sort()).toEqual(
        [...TOP_LEVEL, ...early].sort(),
      );
    });

    test('redacting twice is redacting once', () => {
      const types = [...new Set(TABLE.map(({ type }) => type)), 'm.room.member'];
      const content = fc.dictionary(fc.constantFrom(...Object.keys(EVERY_KEY), 'third_party_invite'), fc.jsonValue());
      fc.assert(
        fc.property(fc.constantFrom(...types), content, (type, keys) => {
          const pdu = pduOf(type, keys as JsonObject);
          const before = structuredClone(pdu);
          const once = redactPdu(pdu, rules);
          expect(redactPdu(once, rules)).toEqual(once);
          expect(pdu).toEqual(before);
        }),
        { numRuns: 50 },
      );
    });
  },
);

describe('from version 11', () => {
  test.each([ROOM_VERSIONS['11'], ROOM_VERSIONS['12']])('a create event keeps its content ($version)', (rules) => {
    expect(redactedContent('m.room.create', EVERY_KEY, rules)).toEqual(EVERY_KEY);
  });

  test.each([ROOM_VERSIONS['11'], ROOM_VERSIONS['12']])(
    'a member keeps what was signed by third party ($version)',
    (rules) => {
      const member = (content: JsonObject) => redactedContent('m.room.member', content, rules);
      expect(
        member({ membership: 'invite', third_party_invite: { display_name: 'a', signed: { token: 't' } } }),
      ).toEqual({
        membership: 'invite',
        third_party_invite: { signed: { token: 't' } },
      });
      expect(member({ third_party_invite: { display_name: 'a' } })).toEqual({ third_party_invite: {} });
      expect(member({ third_party_invite: 'text', 'third_party_invite.signed': 1 })).toEqual({});
      expect(member({ third_party_invite: null })).toEqual({});
    },
  );

  test('a member of version 10 keeps nothing of it', () => {
    const content = { third_party_invite: { signed: {} } };
    expect(redactedContent('m.room.member', content, ROOM_VERSIONS['10'])).toEqual({});
  });
});
