import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { parsePropertyPath, valueAtPath } from '../push-rules/property-path.ts';
import { applyEventFields, compileEventFields } from './index.ts';

const EVENT: JsonObject = {
  type: 'm.room.message',
  sender: '@a:b',
  content: { body: 'x', msgtype: 'm.text', 'm.relates_to': { rel_type: 'm.thread', event_id: '$x' }, list: [{ a: 1 }] },
  unsigned: { age: 1 },
};

const project = (paths: string[], event: JsonObject = EVENT): JsonObject =>
  applyEventFields(compileEventFields(paths)!, event);

test('an event keeps the fields listed and no other', () => {
  expect(project(['type', 'content.body'])).toEqual({ type: 'm.room.message', content: { body: 'x' } });
  expect(project(['unsigned'])).toEqual({ unsigned: { age: 1 } });
});

test('a field within a field that is taken whole adds nothing', () => {
  const whole = { content: EVENT.content };
  expect(project(['content', 'content.body'])).toEqual(whole);
  expect(project(['content.body', 'content'])).toEqual(whole);
  expect(project(['content', 'content.sender', 'content.type.x'])).toEqual(whole);
});

test('dots in names are escaped', () => {
  expect(project(['content.m\\.relates_to.rel_type'])).toEqual({
    content: { 'm.relates_to': { rel_type: 'm.thread' } },
  });
  expect(project(['content.m.relates_to.rel_type'])).toEqual({});
});

test('fields that the event has not stay away', () => {
  expect(project(['content.absent', 'absent', 'type.deeper', 'content.list.0', 'content.body.length'])).toEqual({});
  expect(project(['constructor', '__proto__', 'content.toString'])).toEqual({});
});

test('a field named __proto__ is a field like any other', () => {
  const event = JSON.parse('{"content":{"__proto__":{"a":1}}}') as JsonObject;
  expect(JSON.stringify(project(['content.__proto__.a'], event))).toBe('{"content":{"__proto__":{"a":1}}}');
});

test('no list, and an empty one, take every field', () => {
  expect(compileEventFields(undefined)).toBeUndefined();
  expect(compileEventFields([])).toBeUndefined();
});

test('a path that is too deep takes the field above it whole', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(60)}{"b":1,"c":2}${'}'.repeat(60)}`) as JsonObject;
  expect(project([`${'a.'.repeat(60)}b`], deep)).toEqual(deep);
  expect(project([`${'a.'.repeat(100_000)}b`], deep)).toEqual(deep);
});

test('what is kept is part of the event, and each field asked for is there', () => {
  const name = fc.constantFrom('a', 'b', 'm.c');
  const { object } = fc.letrec<{ object: JsonObject; value: JsonValue }>((tie) => ({
    object: fc.dictionary(name, tie('value'), { maxKeys: 3 }),
    value: fc.oneof({ depthSize: 'small' }, fc.integer(), fc.constant(null), tie('object')),
  }));
  const path = fc.array(name, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(object, fc.array(path, { minLength: 1, maxLength: 4 }), (event, paths) => {
      const texts = paths.map((names) => names.map((part) => part.replaceAll('.', '\\.')).join('.'));
      const kept = project(texts, event);
      expect(isSubset(kept, event)).toBe(true);
      for (const text of texts) {
        expect(valueAtPath(kept, parsePropertyPath(text))).toEqual(valueAtPath(event, parsePropertyPath(text)));
      }
    }),
    { numRuns: 1000 },
  );
});

function isSubset(part: JsonValue | undefined, whole: JsonValue | undefined): boolean {
  if (!isJsonObject(part) || !isJsonObject(whole)) return part === whole;
  return Object.entries(part).every(([key, value]) => Object.hasOwn(whole, key) && isSubset(value, whole[key]));
}
