import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { JsonObject } from '../json.ts';
import { ROOM_VERSIONS, type RoomVersion } from '../room-versions/index.ts';
import { checkPduFormat } from './index.ts';

const ID = `$${'A'.repeat(43)}`;
const PAIR = ['$a:h', { sha256: 'x' }];

const valid = (version: RoomVersion): JsonObject => {
  const rules = ROOM_VERSIONS[version];
  const reference = rules.eventReferences === 'pairs' ? PAIR : ID;
  return {
    type: 'm.room.message',
    sender: '@alice:example.org',
    room_id: rules.roomIdIsCreateHash ? `!${'A'.repeat(43)}` : '!room:example.org',
    content: { body: 'hello' },
    origin_server_ts: 1,
    depth: 1,
    prev_events: [reference],
    auth_events: [reference],
    hashes: { sha256: 'x' },
    signatures: { 'example.org': { 'ed25519:1': 'x' } },
    ...(rules.eventIdFormat === 'opaque' && { event_id: '$e:example.org' }),
  } as JsonObject;
};
const reasonFor = (version: RoomVersion, changes: JsonObject): string | undefined => {
  const verdict = checkPduFormat({ ...valid(version), ...changes }, ROOM_VERSIONS[version]);
  return verdict.ok ? undefined : verdict.reason;
};
const EVERY = Object.keys(ROOM_VERSIONS) as RoomVersion[];

describe.each(EVERY)('in version %s', (version) => {
  test('a plain event passes', () => {
    expect(reasonFor(version, {})).toBeUndefined();
    expect(reasonFor(version, { state_key: '', unsigned: { age: 1 }, anything: null })).toBeUndefined();
  });

  test.each(Object.keys(valid(version)))('%s is needed, of the right type', (key) => {
    const { [key]: _, ...without } = valid(version);
    expect(checkPduFormat(without, ROOM_VERSIONS[version]).ok).toBe(false);
    for (const wrong of [
      null,
      true,
      'text',
      1.5,
      [1],
      [[1]],
      [{}],
      [['$a:h']],
      [['$a:h', 1]],
      [['$a:h', {}, {}]],
      { a: 1 },
    ]) {
      // Any text is a type, and any object is content.
      if (key === 'type' && wrong === 'text') continue;
      if (key === 'content' && typeof wrong === 'object' && wrong !== null && !Array.isArray(wrong)) continue;
      expect(reasonFor(version, { [key]: wrong as JsonObject })).toBeDefined();
    }
  });

  test('at most 20 prev events and 10 auth events are named', () => {
    const reference = Number(version) <= 2 ? PAIR : ID;
    expect(
      reasonFor(version, { prev_events: Array(20).fill(reference), auth_events: Array(10).fill(reference) }),
    ).toBeUndefined();
    expect(reasonFor(version, { prev_events: Array(21).fill(reference) })).toContain('prev_events');
    expect(reasonFor(version, { auth_events: Array(11).fill(reference) })).toContain('auth_events');
    expect(reasonFor(version, { prev_events: [], auth_events: [] })).toBeUndefined();
  });

  test('the size limits count bytes', () => {
    expect(reasonFor(version, { type: 'é'.repeat(127), state_key: 'é'.repeat(127) })).toBeUndefined();
    expect(reasonFor(version, { type: 'é'.repeat(128) })).toContain('type');
    expect(reasonFor(version, { state_key: 'é'.repeat(128) })).toContain('state_key');
    expect(reasonFor(version, { sender: `@${'é'.repeat(127)}:h` })).toContain('sender');
    const size = JSON.stringify(valid(version)).length - 'hello'.length;
    expect(reasonFor(version, { content: { body: 'x'.repeat(65_536 - size) } })).toBeUndefined();
    expect(reasonFor(version, { content: { body: 'x'.repeat(65_537 - size) } })).toContain('larger');
    expect(reasonFor(version, { content: { body: 'é'.repeat(32_768) } })).toContain('larger');
    // Other servers may have put things there in transit.
    expect(reasonFor(version, { unsigned: { note: 'x'.repeat(65_536) } })).toBeUndefined();
  });

  test('state_key, unsigned and the text of keys are checked', () => {
    for (const stateKey of [null, 1, {}]) expect(reasonFor(version, { state_key: stateKey })).toContain('state_key');
    expect(reasonFor(version, { unsigned: [] })).toContain('unsigned');
    expect(reasonFor(version, { type: 'a\0b' })).toContain('type');
    expect(reasonFor(version, { state_key: 'a\0b' })).toContain('state_key');
    expect(reasonFor(version, { content: { body: '\ud800' } })).toContain('surrogate');
    expect(reasonFor(version, { hashes: { sha256: 1 } })).toContain('hashes');
    for (const signatures of [{ h: 'x' }, { h: { k: 1 } }, { h: null }]) {
      expect(reasonFor(version, { signatures })).toContain('signatures');
    }
  });

  test('numbers are strict from version 6', () => {
    const isStrict = Number(version) >= 6;
    for (const number of [1.5, 2 ** 53, -(2 ** 53)]) {
      expect(reasonFor(version, { content: { number } }) !== undefined).toBe(isStrict);
    }
    expect(reasonFor(version, { depth: 2 ** 53 - 1 })).toBeUndefined();
    expect(reasonFor(version, { depth: JSON.parse('9223372036854775807') }) !== undefined).toBe(isStrict);
    expect(reasonFor(version, { depth: 2 ** 64 })).toContain('depth');
    expect(reasonFor(version, { depth: -1 })).toContain('depth');
    expect(reasonFor(version, { depth: 0, origin_server_ts: -1 })).toBeUndefined();
    expect(reasonFor(version, { origin_server_ts: 1e30 })).toContain('origin_server_ts');
  });

  test('whatever JSON comes, there is a verdict', () => {
    const keys = [...Object.keys(valid(version)), 'state_key', 'unsigned', 'redacts'];
    const changes = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue());
    fc.assert(
      fc.property(changes, fc.jsonValue(), (some, other) => {
        checkPduFormat({ ...valid(version), ...some }, ROOM_VERSIONS[version]);
        expect(checkPduFormat(other, ROOM_VERSIONS[version]).ok).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});

describe('identifiers', () => {
  test('are those of the room version', () => {
    expect(reasonFor('1', { event_id: ID })).toContain('event_id');
    expect(reasonFor('1', { prev_events: [[ID, {}]] })).toContain('prev_events');
    expect(reasonFor('3', { prev_events: [`$${'+'.repeat(43)}`] })).toBeUndefined();
    expect(reasonFor('4', { prev_events: [`$${'+'.repeat(43)}`] })).toContain('prev_events');
    expect(reasonFor('4', { prev_events: [PAIR as never] })).toContain('prev_events');
    expect(reasonFor('11', { room_id: `!${'A'.repeat(43)}` })).toContain('room_id');
    expect(reasonFor('12', { room_id: '!room:example.org' })).toContain('room_id');
  });

  test('of users may be historical', () => {
    expect(reasonFor('12', { sender: '@:example.org' })).toBeUndefined();
    expect(reasonFor('12', { sender: '@Al\u0001ice:example.org' })).toBeUndefined();
    expect(reasonFor('12', { sender: '@a\0:example.org' })).toContain('sender');
  });

  test('a create event has no room id in version 12 and needs one before', () => {
    const { room_id: _, ...plain } = valid('12');
    const create: JsonObject = { ...plain, type: 'm.room.create', state_key: '', prev_events: [], auth_events: [] };
    expect(checkPduFormat(create, ROOM_VERSIONS['12']).ok).toBe(true);
    expect(checkPduFormat({ ...create, room_id: `!${'A'.repeat(43)}` }, ROOM_VERSIONS['12']).ok).toBe(false);
    expect(checkPduFormat({ ...create, state_key: 'x' }, ROOM_VERSIONS['12']).ok).toBe(false);
    expect(checkPduFormat(create, ROOM_VERSIONS['11']).ok).toBe(false);
  });

  test('the user who authorises a restricted join has to be one, from version 8', () => {
    const changes = {
      type: 'm.room.member',
      content: { membership: 'join', join_authorised_via_users_server: 'nobody' },
    };
    expect(reasonFor('7', changes)).toBeUndefined();
    expect(reasonFor('8', changes)).toContain('join_authorised_via_users_server');
    expect(reasonFor('8', { ...changes, type: 'm.room.message' })).toBeUndefined();
  });
});

test('deep nesting is a verdict, not a crash', () => {
  const deep = JSON.parse(`${'['.repeat(30_000)}${']'.repeat(30_000)}`);
  expect(reasonFor('12', { content: { deep } })).toContain('nested');
});
