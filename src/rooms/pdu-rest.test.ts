import { expect, test } from 'bun:test';
import type { ServerName } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { authEventsIn, decodeRest, encodeRest } from './pdu-rest.ts';

const ORIGIN = 'example.org' as ServerName;

const usual: JsonObject = {
  auth_events: ['$a', '$b'],
  prev_events: ['$c'],
  hashes: { sha256: 'hash' },
  signatures: { 'example.org': { 'ed25519:1': 'signature' } },
};

test('what nearly all events have is stored without names, and reads back as it was', () => {
  const text = encodeRest(usual, ORIGIN);
  expect(text).toBe('[["$a","$b"],["$c"],"hash","ed25519:1","signature"]');
  expect(decodeRest(text, ORIGIN)).toEqual(usual);
  expect<unknown>(authEventsIn(text)).toEqual(['$a', '$b']);
});

test('whatever else an event has reads back as it was', () => {
  const odd: JsonObject[] = [
    { ...usual, redacts: '$d', origin: 'example.org', 'org.example.key': { a: [1, null] } },
    { ...usual, auth_events: [['$a:example.org', { sha256: 'x' }]] },
    { ...usual, hashes: { sha256: 'hash', md5: 'other' } },
    { ...usual, hashes: {} },
    { ...usual, hashes: { sha256: 7 } },
    { ...usual, signatures: {} },
    { ...usual, signatures: { 'example.org': {} } },
    { ...usual, signatures: { 'example.org': { 'ed25519:1': 'a', 'ed25519:2': 'b' } } },
    { ...usual, signatures: { 'example.org': { 'ed25519:1': 7 } } },
    { ...usual, signatures: { 'other.example': { 'ed25519:1': 'a' } } },
    { ...usual, signatures: { 'example.org': { 'ed25519:1': 'a' }, 'other.example': { 'ed25519:1': 'b' } } },
    JSON.parse(
      '{"auth_events":[],"prev_events":[],"hashes":{"sha256":"h"},"signatures":{"example.org":{"__proto__":"s"}},"__proto__":1}',
    ),
    { auth_events: [], prev_events: [] },
    {},
  ];
  for (const rest of odd) {
    const text = encodeRest(rest, ORIGIN);
    expect(JSON.stringify(sorted(decodeRest(text, ORIGIN)))).toBe(JSON.stringify(sorted(rest)));
    if (rest.auth_events !== undefined) expect<unknown>(authEventsIn(text)).toEqual(rest.auth_events);
  }
});

test('what an earlier version has stored reads as it did', () => {
  const text = JSON.stringify(usual);
  expect(decodeRest(text, ORIGIN)).toEqual(usual);
  expect<unknown>(authEventsIn(text)).toEqual(['$a', '$b']);
});

function sorted(value: JsonObject): [string, unknown][] {
  return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
