import { describe, expect, test } from 'bun:test';
import type { UserId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import { ROOM_VERSIONS, type RoomVersion } from '../room-versions/index.ts';
import { CREATOR_POWER, type PowerLevels, parseLevel, readPowerLevels, roomCreators } from './index.ts';

const alice = '@alice:one.test' as UserId;
const bob = '@bob:one.test' as UserId;
const carol = '@carol:one.test' as UserId;

const ALL = Object.keys(ROOM_VERSIONS) as RoomVersion[];
const FLOATING = ALL.slice(0, 9);
const INTEGER = ALL.slice(9);

function read(version: RoomVersion, content?: JsonObject, createContent: JsonObject = {}): PowerLevels {
  const create = { sender: alice, content: { ...(Number(version) < 11 ? { creator: alice } : {}), ...createContent } };
  return readPowerLevels(content === undefined ? undefined : { content }, create, ROOM_VERSIONS[version]);
}

describe.each(ALL)('version %s', (version) => {
  test('without the event everybody but the creator has 0', () => {
    const levels = read(version);
    expect(levels.userLevel(alice)).toBe(version === '12' ? CREATOR_POWER : 100);
    expect(levels.userLevel(bob)).toBe(0);
  });

  test.each([
    ['without the event', undefined],
    ['with an empty event', {}],
  ])('%s the levels required are the defaults', (_name, content) => {
    const levels = read(version, content);
    expect(levels.eventLevel('m.room.message', false)).toBe(0);
    expect(levels.eventLevel('m.room.topic', true)).toBe(50);
    expect(levels.actionLevel('ban')).toBe(50);
    expect(levels.actionLevel('kick')).toBe(50);
    expect(levels.actionLevel('redact')).toBe(50);
    expect(levels.actionLevel('invite')).toBe(0);
    expect(levels.actionLevel('notifications.room')).toBe(50);
    expect(levels.notificationLevel('other')).toBe(50);
  });

  test('with the event the creator is a user like any other, up to version 11', () => {
    expect(read(version, {}).userLevel(alice)).toBe(version === '12' ? CREATOR_POWER : 0);
    expect(read(version, { users: { [alice]: 7 } }).userLevel(alice)).toBe(version === '12' ? CREATOR_POWER : 7);
  });

  test('what the event says is read', () => {
    const levels = read(version, {
      users: { [bob]: 10, [carol]: -1 },
      users_default: 5,
      events: { 'm.room.topic': 11, 'm.room.message': 12 },
      events_default: 13,
      state_default: 14,
      ban: 15,
      kick: 16,
      redact: 17,
      invite: 18,
      notifications: { room: 19, other: 20 },
    });
    expect(levels.userLevel(bob)).toBe(10);
    expect(levels.userLevel(carol)).toBe(-1);
    expect(levels.userLevel('@dave:two.test' as UserId)).toBe(5);
    expect(levels.eventLevel('m.room.topic', true)).toBe(11);
    expect(levels.eventLevel('m.room.message', false)).toBe(12);
    expect(levels.eventLevel('x', false)).toBe(13);
    expect(levels.eventLevel('x', true)).toBe(14);
    expect(levels.actionLevel('ban')).toBe(15);
    expect(levels.actionLevel('kick')).toBe(16);
    expect(levels.actionLevel('redact')).toBe(17);
    expect(levels.actionLevel('invite')).toBe(18);
    expect(levels.actionLevel('notifications.room')).toBe(19);
    expect(levels.notificationLevel('other')).toBe(20);
  });

  test('names of the prototype and values that are no levels read as absent', () => {
    const levels = read(version, {
      users: [],
      events: { x: null },
      state_default: 'high',
      ban: {},
      notifications: 'x',
    });
    for (const type of ['constructor', '__proto__', 'toString', 'x']) expect(levels.eventLevel(type, true)).toBe(50);
    expect(levels.actionLevel('ban')).toBe(50);
    expect(levels.notificationLevel('length')).toBe(50);
    expect(levels.userLevel('length' as UserId)).toBe(0);
  });
});

test.each(FLOATING)('version %s: numbers are cut at the point and integers may be text', (version) => {
  const cases: [unknown, number | undefined][] = [
    [50, 50],
    [50.57, 50],
    [-1.5, -1],
    [-0.5, 0],
    [5.114698e4, 51146],
    [Number.POSITIVE_INFINITY, undefined],
    ['100', 100],
    ['000100', 100],
    ['+100', 100],
    ['-100', -100],
    [' 100 ', 100],
    [' +00100 ', 100],
    ['-0', 0],
    ['', undefined],
    [' ', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['+-1', undefined],
    ['1 0', undefined],
    ['1_0', undefined],
    ['NaN', undefined],
    ['9'.repeat(400), undefined],
    [true, undefined],
    [null, undefined],
    [[50], undefined],
    [{}, undefined],
    [undefined, undefined],
  ];
  for (const [value, level] of cases) expect(parseLevel(value, ROOM_VERSIONS[version])).toBe(level);
  expect(read(version, { users: { [bob]: ' 0050 ' }, ban: '60' }).userLevel(bob)).toBe(50);
});

test.each(INTEGER)('version %s: only integers are levels', (version) => {
  for (const value of [0, 50, -50, Number.MAX_SAFE_INTEGER])
    expect(parseLevel(value, ROOM_VERSIONS[version])).toBe(value);
  for (const value of [1.5, '50', 2 ** 53, Number.NaN, true, null, undefined, []]) {
    expect(parseLevel(value, ROOM_VERSIONS[version])).toBeUndefined();
  }
});

test('the creators of a room', () => {
  const creators = (version: RoomVersion, content: JsonObject) =>
    roomCreators({ sender: alice, content }, ROOM_VERSIONS[version]) as readonly string[];
  for (const version of ALL.slice(0, 10)) {
    expect(creators(version, { creator: bob, additional_creators: [carol] })).toEqual([bob]);
    expect(creators(version, {})).toEqual([]);
  }
  expect(creators('11', { creator: bob, additional_creators: [carol] })).toEqual([alice]);
  expect(creators('12', { creator: bob, additional_creators: [carol, alice, carol] })).toEqual([alice, carol]);
  expect(creators('12', {})).toEqual([alice]);
});

test('version 12: additional creators have infinite power too, with and without the event', () => {
  for (const content of [undefined, { users: { [bob]: 1 } }]) {
    const levels = read('12', content, { additional_creators: [bob] });
    expect(levels.userLevel(bob)).toBe(CREATOR_POWER);
    expect(levels.userLevel(carol)).toBe(0);
  }
  expect(read('11', undefined, { additional_creators: [bob] }).userLevel(bob)).toBe(0);
});

test('without a create event nobody is a creator', () => {
  expect(readPowerLevels(undefined, undefined, ROOM_VERSIONS['12']).userLevel(alice)).toBe(0);
});
