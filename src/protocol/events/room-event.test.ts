import { describe, expect, test } from 'bun:test';
import type { EventId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import { ROOM_VERSIONS } from '../room-versions/index.ts';
import {
  clientEventText,
  completeClientEventText,
  createEventIdOfRoom,
  eventIdOf,
  type Pdu,
  pruneStrippedState,
  redactRoomEvent,
  toClientEvent,
  toRoomEvent,
  toStrippedState,
} from './index.ts';

const pdu = (changes: JsonObject = {}): Pdu =>
  ({
    type: 'm.room.topic',
    sender: '@alice:h',
    room_id: '!r:h',
    state_key: '',
    content: { topic: 'cats' },
    origin_server_ts: 5,
    depth: 2,
    prev_events: ['$p'],
    auth_events: ['$a', '$b'],
    hashes: { sha256: 'x' },
    signatures: { h: { 'ed25519:1': 'x' } },
    unsigned: { age: 3, forged: true },
    ...changes,
  }) as unknown as Pdu;
const ID = '$id' as EventId;
const read = (changes: JsonObject, version: keyof typeof ROOM_VERSIONS) =>
  toRoomEvent(pdu(changes), ROOM_VERSIONS[version], { eventId: ID });

describe('a room event', () => {
  test('reads the same from every wire format', () => {
    const expected = {
      eventId: ID,
      roomId: '!r:h',
      type: 'm.room.topic',
      stateKey: '',
      sender: '@alice:h',
      content: { topic: 'cats' },
      originServerTs: 5,
      depth: 2,
      prevEventIds: ['$p'],
      authEventIds: ['$a', '$b'],
      redacts: undefined,
    };
    const pairs = {
      event_id: ID,
      prev_events: [['$p', {}]],
      auth_events: [
        ['$a', {}],
        ['$b', {}],
      ],
    } as unknown as JsonObject;
    expect<unknown>(read({}, '11')).toEqual({ ...expected, pdu: pdu() });
    expect<unknown>(toRoomEvent(pdu(pairs), ROOM_VERSIONS['1'])).toEqual({ ...expected, pdu: pdu(pairs) });
  });

  test('computes its id if it is not told', () => {
    expect(toRoomEvent(pdu(), ROOM_VERSIONS['11']).eventId).toBe(eventIdOf(pdu(), ROOM_VERSIONS['11']));
  });

  test('finds the room of a create event of version 12 in its id', () => {
    const { room_id: _, ...create } = pdu({ type: 'm.room.create' });
    const event = toRoomEvent(create as Pdu, ROOM_VERSIONS['12']);
    expect<string>(event.roomId).toBe(`!${event.eventId.slice(1)}`);
    expect(createEventIdOfRoom(event.roomId)).toBe(event.eventId);
  });

  test('finds what it redacts where its version keeps it', () => {
    const both = { type: 'm.room.redaction', redacts: '$top', content: { redacts: '$inner' } };
    expect<unknown>(read(both, '10').redacts).toBe('$top');
    expect<unknown>(read(both, '11').redacts).toBe('$inner');
    expect(read({ ...both, type: 'm.room.message' }, '10').redacts).toBeUndefined();
    for (const redacts of [1, null, 'x', '$', {}]) {
      expect(read({ type: 'm.room.redaction', content: { redacts } }, '11').redacts).toBeUndefined();
    }
  });

  test('bounds numbers of old versions to what is exact', () => {
    const event = read({ depth: 2 ** 63, origin_server_ts: -(2 ** 60) }, '1');
    expect([event.depth, event.originServerTs]).toEqual([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
  });

  test('keeps its id when redacted', () => {
    const event = toRoomEvent(pdu(), ROOM_VERSIONS['12']);
    const redacted = redactRoomEvent(event, ROOM_VERSIONS['12']);
    expect(redacted.eventId).toBe(event.eventId);
    expect(redacted.content).toEqual({});
    expect(redacted.stateKey).toBe('');
    expect(redacted.pdu.unsigned).toBeUndefined();
  });
});

describe('what clients are shown', () => {
  const shown = {
    type: 'm.room.topic',
    content: { topic: 'cats' },
    event_id: '$id',
    room_id: '!r:h',
    sender: '@alice:h',
    state_key: '',
    origin_server_ts: 5,
  };

  test('is the client format, without what other servers put into unsigned', () => {
    expect<unknown>(toClientEvent(read({}, '11'))).toEqual(shown);
    expect<unknown>(toClientEvent(read({}, '11'), { unsigned: { age: 9 } })).toEqual({
      ...shown,
      unsigned: { age: 9 },
    });
    const { room_id: _, ...withoutRoomId } = shown;
    expect<unknown>(toClientEvent(read({}, '11'), { withoutRoomId: true })).toEqual(withoutRoomId);
  });

  test('has a state key if and only if it is a state event', () => {
    const { state_key: _, ...message } = pdu();
    const event = toRoomEvent(message as unknown as Pdu, ROOM_VERSIONS['11'], { eventId: ID });
    expect('state_key' in toClientEvent(event)).toBe(false);
    expect('state_key' in JSON.parse(clientEventText(event))).toBe(false);
  });

  test.each(['10', '11'] as const)('a redaction names its target in both places (version %s)', (version) => {
    const changes =
      version === '10' ? { redacts: '$t', content: { reason: 'r' } } : { content: { reason: 'r', redacts: '$t' } };
    const event = read({ type: 'm.room.redaction', ...changes }, version);
    for (const json of [toClientEvent(event), JSON.parse(clientEventText(event))]) {
      expect(json.redacts).toBe('$t');
      expect(json.content).toEqual({ reason: 'r', redacts: '$t' });
    }
    expect(event.pdu.content).toEqual(changes.content);
  });

  test('in federation format is the PDU with its ids', () => {
    const { unsigned: _, ...keys } = pdu();
    expect<unknown>(toClientEvent(read({}, '12'), { format: 'federation' })).toEqual({ ...keys, event_id: '$id' });
  });

  test('as text is the same, completed or not', () => {
    const event = read({ content: { topic: '"\u2028\n}', __proto__: null } }, '11');
    const text = clientEventText(event);
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(toClientEvent(event, { withoutRoomId: true }))));
    const completed = completeClientEventText(text, { roomId: event.roomId, unsigned: { age: 1 } });
    expect(JSON.parse(completed)).toEqual(JSON.parse(JSON.stringify(toClientEvent(event, { unsigned: { age: 1 } }))));
    expect(completeClientEventText(text, {})).toBe(text);
  });
});

describe('stripped state', () => {
  const stripped = { type: 'm.room.topic', state_key: '', sender: '@alice:h', content: { topic: 'cats' } };

  test('has four keys', () => {
    expect<unknown>(toStrippedState(read({}, '11'))).toEqual(stripped);
  });

  test('from other servers is pruned to them', () => {
    expect<unknown>(pruneStrippedState([pdu() as JsonObject, { ...stripped, extra: 1 }])).toEqual([stripped, stripped]);
    const broken = [
      null,
      'x',
      { ...stripped, sender: 'alice' },
      { ...stripped, state_key: null },
      { ...stripped, content: [] },
      { ...stripped, type: 1 },
      { ...stripped, sender: 5 },
    ];
    expect(pruneStrippedState(broken)).toEqual([]);
    for (const json of [undefined, null, {}, 'x', 5]) expect(pruneStrippedState(json)).toEqual([]);
  });
});
