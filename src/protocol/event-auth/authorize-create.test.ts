import { describe, expect, test } from 'bun:test';
import type { RoomEvent } from '../events/pdu.ts';
import type { EventId, RoomId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import type { RoomVersion } from '../room-versions/index.ts';
import { type AuthVerdict, authorizeEvent, authStateOf } from './index.ts';
import { dave, expectAllowed, expectRefused, room, versions } from './test-room.ts';

function create(version: RoomVersion, content: JsonObject = {}, fields: Partial<RoomEvent> = {}): AuthVerdict {
  const { create, rules } = room(version, content);
  return authorizeEvent({ ...create, ...fields }, authStateOf([]), rules);
}

describe.each(versions())('a create event of version %s', (version) => {
  test('is allowed in an empty state', () => expectAllowed(create(version)));

  test('has no prev_events', () => {
    expectRefused(create(version, {}, { prevEventIds: ['$x' as EventId] }), 'prev_events');
  });

  test('names a known room version or none', () => {
    for (const room_version of ['1', '12', undefined]) expectAllowed(create(version, { room_version }));
    for (const room_version of ['13', 'toString', '', 1, null]) {
      expectRefused(create(version, { room_version }), 'version is unknown');
    }
  });
});

test.each(versions('1', '11'))("version %s: the room id is of the sender's server", (version) => {
  expectRefused(create(version, {}, { sender: dave }), "not of the sender's server");
  expectAllowed(create(version, {}, { sender: dave, roomId: '!room:two.test' as RoomId }));
});

test('version 12: a create event has no room_id', () => {
  const { create, rules, roomId } = room('12');
  const withRoomId = { ...create, pdu: { ...create.pdu, room_id: roomId } };
  expectRefused(authorizeEvent(withRoomId, authStateOf([]), rules), 'has a room_id');
});

test.each(versions('1', '10'))('version %s: a create event names a creator', (version) => {
  expectRefused(create(version, { creator: undefined }), 'no creator');
});

test.each(versions('11'))('version %s: a create event needs no creator', (version) => {
  expectAllowed(create(version, { creator: undefined }));
});

test('version 12: additional_creators is a list of user ids', () => {
  for (const additional_creators of [[], [dave], ['@UPPER and space:two.test']]) {
    expectAllowed(create('12', { additional_creators }));
  }
  for (const additional_creators of [
    null,
    dave,
    {},
    [dave, 7],
    ['dave'],
    ['@dave'],
    ['@dave:'],
    [`@${'d'.repeat(255)}:two.test`],
  ]) {
    expectRefused(create('12', { additional_creators }), 'additional_creators');
  }
});

test('version 11: additional_creators means nothing', () => {
  expectAllowed(create('11', { additional_creators: 'nonsense' }));
});

test('allowing makes no new object', () => {
  expect(create('12')).toBe(create('1'));
});
