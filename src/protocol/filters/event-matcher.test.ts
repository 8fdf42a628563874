import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  clampLimit,
  compileEventFilter,
  compileFilter,
  type FilteredEvent,
  matchesEvent,
  parseFilter,
} from './index.ts';

const EVENT: FilteredEvent = {
  type: 'm.room.message',
  sender: '@alice:example.org',
  roomId: '!room:example.org',
  content: { body: 'x' },
};

type EventFilterJson = Parameters<typeof compileEventFilter>[0];

const passes = (filter: EventFilterJson, parts: Partial<FilteredEvent> = {}): boolean =>
  matchesEvent(compileEventFilter(filter), { ...EVENT, ...parts });

describe('an event filter', () => {
  test('that is empty passes everything', () => {
    expect(passes({})).toBe(true);
    expect(passes(undefined, { sender: undefined, roomId: undefined, content: undefined })).toBe(true);
    expect(compileEventFilter({ limit: 5 }).passesAll).toBe(true);
  });

  test('passes the types listed, with * for any characters', () => {
    expect(passes({ types: ['m.room.message'] })).toBe(true);
    expect(passes({ types: ['m.room.*'] })).toBe(true);
    expect(passes({ types: ['*message'] })).toBe(true);
    expect(passes({ types: ['m.*.mess*e'] })).toBe(true);
    expect(passes({ types: ['m.room'] })).toBe(false);
    expect(passes({ types: ['M.ROOM.MESSAGE'] })).toBe(false);
    expect(passes({ types: ['m.room.messag?'] })).toBe(false);
    expect(passes({ types: [] })).toBe(false);
  });

  test('takes types for text and not for regular expressions', () => {
    expect(passes({ types: ['m.room.messag[e]*'] })).toBe(false);
    expect(passes({ types: ['mXroom.*'] }, { type: 'm.room.x' })).toBe(false);
    expect(passes({ types: ['m.room.*'] }, { type: 'mXroomXx' })).toBe(false);
  });

  test('lets exclusion win', () => {
    expect(passes({ types: ['*'], not_types: ['m.room.*'] })).toBe(false);
    expect(passes({ senders: ['@alice:example.org'], not_senders: ['@alice:example.org'] })).toBe(false);
    expect(passes({ rooms: ['!room:example.org'], not_rooms: ['!room:example.org'] })).toBe(false);
    expect(passes({ not_types: ['m.other'], not_senders: ['@bob:x'], not_rooms: ['!other:x'] })).toBe(true);
  });

  test('passes the senders and rooms listed', () => {
    expect(passes({ senders: ['@alice:example.org'], rooms: ['!room:example.org'] })).toBe(true);
    expect(passes({ senders: ['@bob:x'] })).toBe(false);
    expect(passes({ rooms: [] })).toBe(false);
    expect(passes({ senders: ['@alice:example.org'] }, { sender: undefined })).toBe(false);
    expect(passes({ not_senders: ['@alice:example.org'] }, { sender: undefined })).toBe(true);
  });

  test('looks for a url in the content', () => {
    const content = { url: 'mxc://x/y' };
    expect([passes({ contains_url: true }), passes({ contains_url: true }, { content })]).toEqual([false, true]);
    expect([passes({ contains_url: false }), passes({ contains_url: false }, { content })]).toEqual([true, false]);
    expect(passes({ contains_url: true }, { content: 'text' })).toBe(false);
  });

  test('passes the ways of relating listed', () => {
    expect(passes({ rel_types: ['m.thread'] }, { relType: 'm.thread' })).toBe(true);
    expect(passes({ rel_types: ['m.thread'] })).toBe(false);
    expect(passes({ not_rel_types: ['m.thread'] }, { relType: 'm.thread' })).toBe(false);
    expect(passes({ not_rel_types: ['m.thread'] })).toBe(true);
    const older = { 'org.matrix.msc3874.not_rel_types': ['m.thread'] };
    expect(passes(older as EventFilterJson, { relType: 'm.thread' })).toBe(false);
  });

  test('passes events that one and the same wanted event relates to', () => {
    const filter = { related_by_senders: ['@bob:x'], related_by_rel_types: ['m.thread'] };
    expect(passes(filter, { relations: [{ sender: '@bob:x', relType: 'm.thread' }] })).toBe(true);
    expect(
      passes(filter, {
        relations: [
          { sender: '@bob:x', relType: 'm.reference' },
          { sender: '@carol:x', relType: 'm.thread' },
        ],
      }),
    ).toBe(false);
    expect(passes(filter)).toBe(false);
    expect(passes({ related_by_senders: ['@bob:x'] }, { relations: [{ sender: '@bob:x', relType: 'r' }] })).toBe(true);
    expect(passes({ related_by_senders: [] })).toBe(true);
  });

  test('knows when it blocks everything', () => {
    const blocking = [{ types: [] }, { not_types: ['*'] }, { senders: [] }, { rooms: ['!a:b'], not_rooms: ['!a:b'] }];
    for (const filter of blocking) expect(compileEventFilter(filter).blocksAll).toBe(true);
    expect(compileEventFilter({ types: ['m.room.*'], not_senders: ['@a:b'] }).blocksAll).toBe(false);
  });

  test('passes types exactly as its definition says', () => {
    const text = (characters: string) => fc.string({ unit: fc.constantFrom(...characters), maxLength: 6 });
    const types = fc.array(text('ab.*?'), { maxLength: 3 });
    const matches = (pattern: string, type: string): boolean =>
      new RegExp(`^${pattern.replace(/[.?]/g, '\\$&').replaceAll('*', '.*')}$`).test(type);
    fc.assert(
      fc.property(fc.option(types, { nil: undefined }), types, text('ab.?'), (include, exclude, type) => {
        const filter = compileEventFilter({ not_types: exclude, ...(include && { types: include }) });
        const expected =
          !exclude.some((pattern) => matches(pattern, type)) &&
          (include === undefined || include.some((pattern) => matches(pattern, type)));
        expect(matchesEvent(filter, { ...EVENT, type })).toBe(expected);
        if (filter.passesAll) expect(expected).toBe(true);
        if (filter.blocksAll) expect(expected).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the filter of a sync', () => {
  test('that is empty changes nothing', () => {
    const filter = compileFilter();
    const parts = [filter.presence, filter.accountData, filter.timeline, filter.state, filter.ephemeral];
    expect([...parts, filter.roomAccountData, filter.rooms].every(({ passesAll }) => passesAll)).toBe(true);
    expect(filter).toMatchObject({
      eventFields: undefined,
      eventFormat: 'client',
      includeLeave: false,
      lazyLoadMembers: false,
      includeRedundantMembers: false,
      unreadThreadNotifications: false,
    });
  });

  test('takes each part from its place', () => {
    const filter = compileFilter(
      parseFilter({
        event_format: 'federation',
        event_fields: ['type'],
        presence: { not_types: ['*'] },
        account_data: { types: ['m.direct'] },
        room: {
          not_rooms: ['!a:b'],
          include_leave: true,
          state: { lazy_load_members: true, include_redundant_members: true },
          timeline: { limit: 3, unread_thread_notifications: true },
          ephemeral: { types: ['m.typing'] },
          account_data: { types: ['m.tag'] },
        },
      }),
    );
    expect(filter).toMatchObject({
      eventFormat: 'federation',
      includeLeave: true,
      lazyLoadMembers: true,
      includeRedundantMembers: true,
      unreadThreadNotifications: true,
    });
    expect(filter.timeline.limit).toBe(3);
    expect(filter.eventFields?.has('type')).toBe(true);
    expect(filter.presence.blocksAll).toBe(true);
    expect([filter.rooms.passes('!a:b'), filter.rooms.passes('!b:b')]).toEqual([false, true]);
    expect(matchesEvent(filter.accountData, { type: 'm.direct', content: {} })).toBe(true);
    expect(matchesEvent(filter.accountData, { type: 'm.tag', content: {} })).toBe(false);
    expect(matchesEvent(filter.roomAccountData, { type: 'm.tag', content: {}, roomId: '!b:b' })).toBe(true);
    expect(matchesEvent(filter.ephemeral, { type: 'm.receipt', content: {}, roomId: '!b:b' })).toBe(false);
  });

  test('reads the older name for counts by thread', () => {
    const timeline = { 'org.matrix.msc3773.unread_thread_notifications': true };
    expect(compileFilter(parseFilter({ room: { timeline } })).unreadThreadNotifications).toBe(true);
  });
});

test('a limit lies between 1 and the greatest allowed', () => {
  const bounds = { fallback: 10, max: 100 };
  expect([undefined, 0, 1, 50, 100, 1e9].map((limit) => clampLimit(limit, bounds))).toEqual([10, 1, 1, 50, 100, 100]);
});
