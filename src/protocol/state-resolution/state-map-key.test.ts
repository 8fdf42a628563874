import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { splitStateMapKey, stateMapKey, stateMapKeyOf } from './index.ts';

test('a key reads as length, type and state key', () => {
  expect<string>(stateMapKey('m.room.member', '@alice:one.test')).toBe('13:m.room.member@alice:one.test');
  expect<string>(stateMapKeyOf({ type: 'm.room.topic', stateKey: '' })).toBe('12:m.room.topic');
});

test('a key splits into what it was made of, whatever characters that holds', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', ':', '1:', '\0', '3:abc'));
  fc.assert(
    fc.property(text, text, (type, stateKey) => {
      expect(splitStateMapKey(stateMapKey(type, stateKey))).toEqual([type, stateKey]);
    }),
  );
});

test('text moved between type and state key makes another key', () => {
  expect(stateMapKey('a', 'bc')).not.toBe(stateMapKey('ab', 'c'));
  expect(stateMapKey('1:a', '')).not.toBe(stateMapKey('', '1:a'));
});

test('an event without a state key has no place in the state', () => {
  expect(() => stateMapKeyOf({ type: 'm.room.message', stateKey: undefined })).toThrow('state_key');
});
