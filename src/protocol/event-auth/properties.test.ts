import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { RoomEvent } from '../events/pdu.ts';
import type { UserId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import { authorizeEvent, authStateOf, selectAuthEvents } from './index.ts';
import { alice, bob, carol, dave, room, type TestRoom, versions } from './test-room.ts';

const RUNS = { numRuns: 2_000 };
const users = fc.constantFrom(alice, bob, carol, dave);
const levels = fc.integer({ min: -1, max: 101 });
const memberships = fc.constantFrom('join', 'invite', 'leave', 'ban', 'knock');
const joinRules = fc.constantFrom('public', 'invite', 'knock', 'restricted', 'knock_restricted', 'private');
const types = fc.constantFrom(
  'm.room.message',
  'm.room.member',
  'm.room.topic',
  'm.room.redaction',
  'm.room.third_party_invite',
  'm.room.aliases',
);

const powerLevels: fc.Arbitrary<JsonObject> = fc.record(
  {
    users: fc.dictionary(users, levels),
    events: fc.dictionary(types, levels),
    users_default: levels,
    events_default: levels,
    state_default: levels,
    ban: levels,
    kick: levels,
    redact: levels,
    invite: levels,
  },
  { requiredKeys: [] },
);

const scenes = fc.record({
  version: fc.constantFrom(...versions()),
  members: fc.dictionary(users, memberships),
  joinRule: fc.option(joinRules, { nil: undefined }),
  powerLevels: fc.option(powerLevels, { nil: undefined }),
});

const events = fc.record({
  type: types,
  sender: users,
  stateKey: fc.option(fc.oneof(users, fc.constantFrom('', 'one.test', '@')), { nil: undefined }),
  content: fc.record(
    {
      membership: memberships,
      join_authorised_via_users_server: users,
      third_party_invite: fc.constant({ signed: { mxid: dave, token: 't' } }),
    },
    { requiredKeys: ['membership'] },
  ),
});

function build({
  version,
  members,
  joinRule,
  powerLevels,
}: typeof scenes extends fc.Arbitrary<infer T> ? T : never): TestRoom {
  const scene = room(version);
  for (const [user, membership] of Object.entries(members)) scene.membership(user as UserId, membership);
  scene.has('m.room.third_party_invite', { public_key: 'x' }, 't');
  if (joinRule !== undefined) scene.joinRule(joinRule);
  if (powerLevels !== undefined) scene.levels(powerLevels);
  return scene;
}

test('more power for the sender never turns allowed into refused', () => {
  let allowed = 0;
  fc.assert(
    fc.property(scenes, events, levels, fc.nat({ max: 60 }), (drawn, fields, level, more) => {
      const scene = build(drawn);
      const event = scene.event(fields);
      const content = drawn.powerLevels ?? {};
      const verdictAt = (power: number) => {
        scene.levels({ ...content, users: { ...(content.users as JsonObject), [fields.sender]: power } });
        return authorizeEvent(event, scene, scene.rules).allowed;
      };
      if (!verdictAt(level)) return;
      allowed++;
      expect(verdictAt(level + more)).toBe(true);
    }),
    RUNS,
  );
  // The property would be empty if nearly everything were refused.
  expect(allowed).toBeGreaterThan(RUNS.numRuns / 20);
});

test('the auth rules look at nothing but the selected auth events and the create event', () => {
  const verdicts = new Set<boolean>();
  fc.assert(
    fc.property(
      scenes,
      fc.oneof(
        events,
        events.map((event) => ({ ...event, type: 'm.room.member' })),
      ),
      (drawn, fields) => {
        const scene = build(drawn);
        const event = scene.event(fields);
        const selected = selectAuthEvents(event, scene.rules).map(([type, key]) => scene.get(type, key));
        const state = authStateOf([
          scene.create,
          ...selected.filter((entry): entry is RoomEvent => entry !== undefined),
        ]);
        const verdict = authorizeEvent(event, scene, scene.rules);
        verdicts.add(verdict.allowed);
        expect(authorizeEvent(event, state, scene.rules)).toEqual(verdict);
      },
    ),
    RUNS,
  );
  expect(verdicts.size).toBe(2);
});

test('every JSON content has a verdict, in events and in state', () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.dictionary(
      fc.constantFrom<string>(alice, bob, 'signed', 'm.room.message', 'constructor'),
      fc.jsonValue({ maxDepth: 1 }),
    ),
  );
  const keys = [
    'membership',
    'third_party_invite',
    'join_authorised_via_users_server',
    'join_rule',
    'users',
    'events',
    'notifications',
    'users_default',
    'ban',
    'invite',
    'creator',
    'additional_creators',
    'room_version',
    'm.federate',
    'public_key',
    'public_keys',
  ];
  const contents = fc.record(Object.fromEntries(keys.map((key) => [key, value])), {
    requiredKeys: [],
  }) as fc.Arbitrary<JsonObject>;
  const anyType = fc.oneof(types, fc.constantFrom('m.room.create', 'm.room.power_levels'));
  const anyEvent = fc.record({
    type: anyType,
    sender: users,
    stateKey: fc.constantFrom(undefined, '', alice, bob),
    content: contents,
  });
  const anyMember = events.chain((event) =>
    contents.map((content) => ({ ...event, content: { ...content, ...event.content } })),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...versions()),
      contents,
      contents,
      contents,
      fc.oneof(anyEvent, anyMember),
      (version, createContent, levelsContent, rulesContent, fields) => {
        const scene = room(version, createContent)
          .with(bob)
          .levels(levelsContent)
          .has('m.room.join_rules', rulesContent);
        const verdict = scene.authorize(fields);
        expect(typeof verdict.allowed).toBe('boolean');
      },
    ),
    // Drawing so much JSON is slow.
    { numRuns: 500 },
  );
});
