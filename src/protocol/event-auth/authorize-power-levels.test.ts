import { describe, test } from 'bun:test';
import type { JsonObject, JsonValue } from '../json.ts';
import type { RoomVersion } from '../room-versions/index.ts';
import { alice, bob, carol, dave, expectAllowed, expectRefused, room, type TestRoom, versions } from './test-room.ts';

const LEVELS = ['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite'];
const USERS = { [bob]: 50, [carol]: 50, [dave]: 60 };

/** A room of Bob (50), Carol (50) and Dave (60), whose power levels anybody with 0 may try to change. */
function scene(version: RoomVersion, content: JsonObject = {}): TestRoom {
  return room(version)
    .with(bob, carol, dave)
    .levels({ users: USERS, events: { 'm.room.power_levels': 0 }, state_default: 0, ...content });
}

/** Bob changes `content`, over what `scene` has. */
function change(from: TestRoom, content: JsonObject) {
  const previous = from.get('m.room.power_levels', '')?.content;
  return from.setLevels(bob, { ...previous, ...content });
}

describe.each(versions())('version %s', (version) => {
  test('the first power levels may be anything well-formed', () => {
    expectAllowed(room(version).setLevels(alice, { users: { [bob]: 1_000_000 }, ban: 1_000_000 }));
    expectAllowed(room(version).setLevels(alice, {}));
    expectRefused(room(version).with(bob).setLevels(bob, {}), 'sending m.room.power_levels needs');
  });

  test('users is an object of user ids', () => {
    for (const users of [null, 'x', 7, [], [50]]) {
      expectRefused(room(version).setLevels(alice, { users }), 'users is not an object');
    }
    for (const key of ['bob', '@bob', '', '#bob:one.test', '@bob:']) {
      expectRefused(room(version).setLevels(alice, { users: { [key]: 50 } }), 'not a user id');
    }
    for (const level of ['high', '', '1.5', null, true, [50], {}]) {
      expectRefused(room(version).setLevels(alice, { users: { [bob]: level } }), 'not a power level');
    }
    expectAllowed(room(version).setLevels(alice, { users: { '@Historical User:one.test': -5 } }));
  });

  test('setting what is set already is allowed to whoever may send power levels', () => {
    const rich = scene(version, {
      ban: 100,
      events: { 'm.room.power_levels': 0, x: 100 },
      notifications: { room: 100 },
    });
    expectAllowed(change(rich, {}));
  });

  test.each(LEVELS)('%s is added, changed and removed up to the level of the sender', (key) => {
    const plain = scene(version, { state_default: undefined });
    expectAllowed(change(plain, { [key]: 50 }));
    expectRefused(change(plain, { [key]: 51 }), "above the sender's power level");

    const low = scene(version, { state_default: undefined, [key]: 50 });
    expectAllowed(change(low, { [key]: 10 }));
    expectAllowed(change(low, { [key]: undefined }));
    expectRefused(change(low, { [key]: 51 }), "above the sender's power level");

    // Not with state_default and events_default at 51 alone: the type has a level of its own.
    const high = scene(version, { state_default: undefined, [key]: 51 });
    expectAllowed(change(high, { [key]: 51 }));
    expectRefused(change(high, { [key]: 10 }), `changing ${key} needs`);
    expectRefused(change(high, { [key]: undefined }), `changing ${key} needs`);
  });

  test('an entry of events is added, changed and removed up to the level of the sender', () => {
    const own = { 'm.room.power_levels': 0 };
    const entries = scene(version, { events: { ...own, low: 50, high: 51, constructor: 51 } });
    const set = (events: JsonObject) =>
      change(entries, { events: { ...own, low: 50, high: 51, constructor: 51, ...events } });
    expectAllowed(set({ low: 10, added: 50, toString: 50 }));
    expectAllowed(change(entries, { events: { ...own, high: 51, constructor: 51 } }));
    expectRefused(set({ low: 51 }), "low would be above the sender's");
    expectRefused(set({ added: 51 }), "added would be above the sender's");
    expectRefused(set({ toString: 51 }), "toString would be above the sender's");
    expectRefused(set({ high: 10 }), 'changing high needs');
    expectRefused(change(entries, { events: { ...own, low: 50, constructor: 51 } }), 'changing high needs');
    expectRefused(change(entries, { events: { ...own, low: 50, high: 51 } }), 'changing constructor needs');
    expectRefused(change(entries, { events: undefined }), 'needs a higher power level');
  });

  test('the power of others is changed only below the level of the sender, and given up to it', () => {
    const set = (users: JsonObject) => change(scene(version), { users: { ...USERS, ...users } });
    expectRefused(set({ [carol]: 49 }), `changing ${carol} needs`);
    expectRefused(set({ [carol]: 51 }), `changing ${carol} needs`);
    expectRefused(set({ [dave]: 0 }), `changing ${dave} needs`);
    expectRefused(change(scene(version), { users: { [bob]: 50, [dave]: 60 } }), `changing ${carol} needs`);
    expectAllowed(set({ '@eve:one.test': 50 }));
    expectRefused(set({ '@eve:one.test': 51 }), "above the sender's power level");

    const below = scene(version, { users: { ...USERS, [carol]: 49 } });
    expectAllowed(change(below, { users: { ...USERS, [carol]: 50 } }));
    expectAllowed(change(below, { users: { [bob]: 50, [dave]: 60 } }));
    expectRefused(change(below, { users: { ...USERS, [carol]: 51 } }), "above the sender's power level");
  });

  test('a sender lowers the own power and does not raise it', () => {
    const set = (users: JsonObject) => change(scene(version), { users: { ...USERS, ...users } });
    expectAllowed(set({ [bob]: 10 }));
    expectAllowed(change(scene(version), { users: { [carol]: 50, [dave]: 60 } }));
    expectRefused(set({ [bob]: 51 }), "above the sender's power level");
  });
});

describe.each(versions('1', '5'))('version %s', (version) => {
  test('notifications are not looked at', () => {
    expectAllowed(change(scene(version), { notifications: { room: 51 } }));
    expectAllowed(change(scene(version, { notifications: { room: 51 } }), { notifications: { room: 10 } }));
  });
});

describe.each(versions('6'))('version %s', (version) => {
  test('an entry of notifications is added, changed and removed up to the level of the sender', () => {
    expectAllowed(change(scene(version), { notifications: { room: 50 } }));
    expectRefused(change(scene(version), { notifications: { room: 51 } }), "above the sender's power level");
    const high = scene(version, { notifications: { room: 51 } });
    expectRefused(change(high, { notifications: { room: 10 } }), 'changing room needs');
    expectRefused(change(high, { notifications: {} }), 'changing room needs');
    expectRefused(change(high, { notifications: undefined }), 'changing room needs');
    const low = scene(version, { notifications: { room: 50 } });
    expectAllowed(change(low, { notifications: { room: 10 } }));
    expectAllowed(change(low, { notifications: undefined }));
  });
});

describe.each(versions('1', '9'))('version %s', (version) => {
  test('integers as text are levels', () => {
    expectAllowed(room(version).setLevels(alice, { users: { [bob]: ' +0050 ' }, ban: '50', events: { x: '50' } }));
    expectAllowed(change(scene(version), { ban: '50', events: { 'm.room.power_levels': '0', x: ' -1 ' } }));
    expectRefused(change(scene(version), { ban: '51' }), "above the sender's power level");
  });

  test('writing the same level differently changes nothing', () => {
    const high = scene(version, { ban: 100, events: { 'm.room.power_levels': 0, x: 100 } });
    expectAllowed(change(high, { ban: '100', events: { 'm.room.power_levels': 0, x: ' 0100' } }));
    expectAllowed(change(high, { users: { ...USERS, [carol]: '50', [dave]: 60.5 } }));
  });

  test('a new value that is no level is refused, an old one is as if it were absent', () => {
    expectRefused(change(scene(version), { ban: 'high' }), 'ban is not a power level');
    expectRefused(change(scene(version), { events: { 'm.room.power_levels': 0, x: null } }), 'x is not a power level');
    expectRefused(change(scene(version), { events: 'x' }), 'events is not an object');
    const broken = scene(version, { ban: 'high', kick: null, notifications: 'x' });
    expectAllowed(change(broken, { ban: 50, kick: undefined, notifications: { room: 50 } }));
    expectAllowed(change(broken, { invite: 50 }));
    expectRefused(change(broken, { ban: 51 }), "above the sender's power level");
    expectAllowed(room(version).setLevels(alice, { ban: 'high' }));
  });
});

describe.each(versions('10'))('version %s', (version) => {
  const NOT_INTEGERS: JsonValue[] = ['50', 1.5, null, true, [], {}];

  test.each(LEVELS)('%s is an integer', (key) => {
    expectAllowed(room(version).setLevels(alice, { [key]: 50 }));
    for (const value of NOT_INTEGERS)
      expectRefused(room(version).setLevels(alice, { [key]: value }), `${key} is not an integer`);
  });

  test.each(['users', 'events', 'notifications'])('%s is an object of integers', (key) => {
    expectAllowed(room(version).setLevels(alice, { [key]: { [bob]: 50 } }));
    for (const value of NOT_INTEGERS) {
      expectRefused(room(version).setLevels(alice, { [key]: { [bob]: value } }), `${key} holds a value`);
    }
    for (const value of ['x', null, 7, []]) {
      expectRefused(room(version).setLevels(alice, { [key]: value }), `${key} is not an object`);
    }
  });
});

test.each(versions('1', '11'))('version %s: users may hold the creator', (version) => {
  expectAllowed(room(version).setLevels(alice, { users: { [alice]: 100 } }));
});

test('version 12: users does not hold a creator, at first or later', () => {
  const founded = room('12', { additional_creators: [dave] });
  expectAllowed(founded.setLevels(alice, { users: { [bob]: 100 } }));
  expectRefused(founded.setLevels(alice, { users: { [alice]: 100 } }), 'holds a creator');
  expectRefused(founded.setLevels(alice, { users: { [bob]: 100, [dave]: 100 } }), 'holds a creator');
  expectRefused(founded.levels({}).setLevels(alice, { users: { [alice]: 100 } }), 'holds a creator');
});

test('version 12: a creator sets any level', () => {
  const high = room('12')
    .with(bob)
    .levels({ ban: 1_000, users: { [bob]: 1_000 } });
  expectAllowed(high.setLevels(alice, { ban: 2_000, users: { [bob]: 1 } }));
});
