import { describe, expect, test } from 'bun:test';
import { MatrixError } from '../errors.ts';
import { parseFilter, parseRoomEventFilter } from './index.ts';

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof MatrixError) return `${error.status} ${error.errcode}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

const refused = (json: unknown): string => refusal(() => parseFilter(json));

describe('a filter', () => {
  test('is taken as it is, further keys included', () => {
    const filter = {
      room: {
        state: { types: ['m.room.*'], not_rooms: ['!726s6s6q:example.com'], lazy_load_members: true },
        timeline: { limit: 10, types: ['m.room.message'], not_senders: ['@spam:example.com'], 'org.example.x': {} },
        ephemeral: { types: ['m.receipt', 'm.typing'], rooms: ['!cnVzdA'] },
        include_leave: true,
      },
      presence: { types: ['m.presence'], not_senders: ['@alice:example.com'] },
      event_format: 'client',
      event_fields: ['type', 'content', 'sender'],
      future: 1,
    };
    expect(parseFilter(filter)).toBe(filter as ReturnType<typeof parseFilter>);
    expect(refused({})).toBe('accepted');
  });

  test('must be an object, and so must its parts', () => {
    expect(refused([])).toBe('400 M_BAD_JSON: The filter must be an object');
    expect(refused({ room: null })).toBe('400 M_BAD_JSON: room must be an object');
    expect(refused({ room: { timeline: 'x' } })).toBe('400 M_BAD_JSON: room.timeline must be an object');
    expect(refused({ presence: [] })).toBe('400 M_BAD_JSON: presence must be an object');
  });

  test('that is wrong is refused with the path of what is wrong', () => {
    expect(refused({ room: { timeline: { senders: ['@a:b', 'bob'] } } })).toBe(
      '400 M_BAD_JSON: room.timeline.senders[1] must be a user ID',
    );
    expect(refused({ room: { not_rooms: ['#alias:x'] } })).toBe('400 M_BAD_JSON: room.not_rooms[0] must be a room ID');
    expect(refused({ account_data: { types: 'm.direct' } })).toBe(
      '400 M_BAD_JSON: account_data.types must be an array',
    );
    expect(refused({ room: { state: { not_types: [1] } } })).toBe(
      '400 M_BAD_JSON: room.state.not_types[0] must be a string',
    );
    expect(refused({ event_format: 'xml' })).toBe("400 M_BAD_JSON: event_format must be 'client' or 'federation'");
    expect(refused({ event_fields: [null] })).toBe('400 M_BAD_JSON: event_fields[0] must be a string');
    expect(refused({ room: { include_leave: 'yes' } })).toBe('400 M_BAD_JSON: room.include_leave must be a boolean');
    for (const key of [
      'contains_url',
      'lazy_load_members',
      'include_redundant_members',
      'unread_thread_notifications',
    ]) {
      expect(refused({ room: { timeline: { [key]: 1 } } })).toBe(
        `400 M_BAD_JSON: room.timeline.${key} must be a boolean`,
      );
    }
  });

  test('must have limits that are integers and not negative', () => {
    const limit = (value: unknown): string => refused({ room: { timeline: { limit: value } } });
    expect([limit(1), limit(0), limit(1e9)]).toEqual(['accepted', 'accepted', 'accepted']);
    for (const value of [-1, 1.5, '10', null, 1e300]) {
      expect(limit(value)).toBe('400 M_BAD_JSON: room.timeline.limit must be a positive integer');
    }
  });

  test('must be right under the older names of its keys too', () => {
    expect(refused({ room: { timeline: { 'org.matrix.msc3874.rel_types': 'x' } } })).toBe(
      '400 M_BAD_JSON: room.timeline.org.matrix.msc3874.rel_types must be an array',
    );
    expect(refused({ room: { timeline: { 'org.matrix.msc3773.unread_thread_notifications': 'x' } } })).toStartWith(
      '400',
    );
  });

  test('is bounded', () => {
    expect(refused({ presence: { types: Array(10_001).fill('a') } })).toStartWith('400 M_BAD_JSON: presence.types');
  });
});

test('a filter of room events is checked by itself', () => {
  expect(parseRoomEventFilter({ rooms: ['!a:b'] })).toEqual({ rooms: ['!a:b'] });
  expect(refusal(() => parseRoomEventFilter({ rooms: ['a'] }))).toBe('400 M_BAD_JSON: rooms[0] must be a room ID');
  expect(refusal(() => parseRoomEventFilter({ related_by_senders: ['a'] }))).toStartWith('400 M_BAD_JSON');
  expect(refusal(() => parseRoomEventFilter(1))).toStartWith('400 M_BAD_JSON');
});
