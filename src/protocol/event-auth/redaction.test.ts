import { describe, expect, test } from 'bun:test';
import type { EventId, RoomId } from '../identifiers/index.ts';
import { readPowerLevels } from '../power-levels/index.ts';
import { authorizeRedactionRequest, canRedact } from './index.ts';
import { alice, bob, carol, dave, expectAllowed, expectRefused, room, type TestRoom, versions } from './test-room.ts';

const redact = (scene: TestRoom, sender: typeof bob, redacts: string | undefined) =>
  scene.authorize({ type: 'm.room.redaction', sender, redacts: redacts as EventId | undefined });

describe.each(versions('1', '2'))('version %s', (version) => {
  const scene = () =>
    room(version)
      .with(bob, dave)
      .levels({ users: { [dave]: 50 } });

  test('who has the redact level redacts any event', () => {
    expectAllowed(redact(scene(), dave, '$x:three.test'));
    expectRefused(
      redact(scene().levels({ redact: 51, users: { [dave]: 50 } }), dave, '$x:three.test'),
      'other servers',
    );
  });

  test('others redact events of the server that made the redaction', () => {
    expectAllowed(redact(scene(), bob, '$x:one.test'));
    for (const redacts of ['$x:two.test', '$x', 'one.test', undefined]) {
      expectRefused(redact(scene(), bob, redacts), 'other servers');
    }
  });

  test('an allowed redaction is applied to an event of its room', () => {
    const powerLevels = readPowerLevels(undefined, scene().create, scene().rules);
    const of = (roomId: string) => ({ sender: dave, roomId: roomId as RoomId });
    expect(canRedact(powerLevels, { ...of('!a:x'), sender: bob }, of('!a:x'), scene().rules)).toBe(true);
    expect(canRedact(powerLevels, { ...of('!a:x'), sender: bob }, of('!b:x'), scene().rules)).toBe(false);
  });
});

describe.each(versions('3'))('version %s', (version) => {
  const scene = room(version)
    .with(bob, carol, dave)
    .levels({ users: { [carol]: 50 } });
  const powerLevels = readPowerLevels(scene.get('m.room.power_levels', ''), scene.create, scene.rules);
  const by = (sender: typeof bob, roomId = scene.roomId, type = 'm.room.message') => ({ sender, roomId, type });

  test('sending a redaction needs the level of its type only', () => {
    expectAllowed(redact(scene, bob, '$x'));
    const events = { 'm.room.redaction': 10 };
    expectRefused(redact(room(version).with(bob).levels({ events }), bob, '$x'), 'sending m.room.redaction needs');
  });

  test('it is applied for the redact level or the same server, within a room', () => {
    expect(canRedact(powerLevels, by(carol), by(dave), scene.rules)).toBe(true);
    expect(canRedact(powerLevels, by(bob), by(alice), scene.rules)).toBe(true);
    expect(canRedact(powerLevels, by(bob), by(dave), scene.rules)).toBe(false);
    expect(canRedact(powerLevels, by(dave), by(bob), scene.rules)).toBe(false);
    expect(canRedact(powerLevels, by(carol), by(dave, '!other:one.test' as RoomId), scene.rules)).toBe(false);
  });

  test("a user of this server asks to redact the own events, or with the redact level everybody's", () => {
    expectAllowed(authorizeRedactionRequest(powerLevels, by(bob), by(bob)));
    expectAllowed(authorizeRedactionRequest(powerLevels, by(carol), by(dave)));
    expectRefused(authorizeRedactionRequest(powerLevels, by(bob), by(alice)), "another user's event");
    expectRefused(
      authorizeRedactionRequest(powerLevels, by(bob), by(bob, '!other:one.test' as RoomId)),
      'not in this room',
    );
  });

  test('nobody asks to redact the create event or the server ACL', () => {
    for (const type of ['m.room.create', 'm.room.server_acl']) {
      expectRefused(
        authorizeRedactionRequest(powerLevels, by(alice), by(alice, scene.roomId, type)),
        'cannot be redacted',
      );
    }
  });
});
