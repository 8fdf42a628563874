import { describe, expect, test } from 'bun:test';
import {
  canSee,
  type HistoryVisibility,
  historyVisibilityOf,
  isOwnMembership,
  type Membership,
  membershipOf,
  needsServerMemberships,
  serverCanSee,
  type VisibilityEvent,
} from './index.ts';

const ALICE = '@alice:example.org';
const VISIBILITIES: HistoryVisibility[] = ['world_readable', 'shared', 'invited', 'joined'];
const MEMBERSHIPS: Membership[] = ['join', 'invite', 'knock', 'leave', 'ban'];

const MESSAGE: VisibilityEvent = { type: 'm.room.message', stateKey: undefined, content: { body: 'x' } };

const memberEvent = (userId: string, membership: string): VisibilityEvent => ({
  type: 'm.room.member',
  stateKey: userId,
  content: { membership },
});

const visibilityEvent = (value: unknown): VisibilityEvent => ({
  type: 'm.room.history_visibility',
  stateKey: '',
  content: { history_visibility: value as string },
});

const sees = (
  event: VisibilityEvent,
  before: HistoryVisibility,
  membership: Membership,
  joinedSince = false,
): boolean => canSee(event, before, { userId: ALICE, membership, joinedSince });

describe('a user', () => {
  test('sees messages as the table of the specification says', () => {
    const table = VISIBILITIES.map((visibility) => [
      MEMBERSHIPS.filter((membership) => sees(MESSAGE, visibility, membership)),
      MEMBERSHIPS.filter((membership) => sees(MESSAGE, visibility, membership, true)),
    ]);
    expect(table).toEqual([
      [MEMBERSHIPS, MEMBERSHIPS],
      [['join'], MEMBERSHIPS],
      [
        ['join', 'invite'],
        ['join', 'invite'],
      ],
      [['join'], ['join']],
    ]);
  });

  test('sees a change of the visibility if it is visible before or after', () => {
    expect(sees(visibilityEvent('joined'), 'world_readable', 'leave')).toBe(true);
    expect(sees(visibilityEvent('world_readable'), 'joined', 'leave')).toBe(true);
    expect(sees(visibilityEvent('joined'), 'invited', 'leave')).toBe(false);
    expect(sees(visibilityEvent('shared'), 'joined', 'leave', true)).toBe(true);
    expect(sees(visibilityEvent('gibberish'), 'joined', 'leave', true)).toBe(true);
  });

  test('is not shown an event that only looks like a change of the visibility', () => {
    const other = { ...visibilityEvent('world_readable'), stateKey: 'other' };
    expect(sees(other, 'joined', 'leave')).toBe(false);
    expect(sees({ ...other, stateKey: undefined }, 'joined', 'leave')).toBe(false);
  });

  test('sees themselves join, and leave or be banned after that, whatever the visibility', () => {
    expect(sees(memberEvent(ALICE, 'join'), 'joined', 'leave')).toBe(true);
    expect(sees(memberEvent(ALICE, 'leave'), 'joined', 'join')).toBe(true);
    expect(sees(memberEvent(ALICE, 'ban'), 'joined', 'join')).toBe(true);
  });

  test('sees their invite or knock come to an end, whatever the visibility', () => {
    expect(sees(memberEvent(ALICE, 'leave'), 'joined', 'invite')).toBe(true);
    expect(sees(memberEvent(ALICE, 'ban'), 'joined', 'invite')).toBe(true);
    expect(sees(memberEvent(ALICE, 'leave'), 'joined', 'knock')).toBe(true);
  });

  test('sees their invite in the timeline where invites show it', () => {
    expect(sees(memberEvent(ALICE, 'invite'), 'invited', 'leave')).toBe(true);
    expect(sees(memberEvent(ALICE, 'invite'), 'joined', 'leave')).toBe(false);
    expect(sees(memberEvent(ALICE, 'ban'), 'joined', 'leave')).toBe(false);
  });

  test('gains nothing from the memberships of others', () => {
    expect(sees(memberEvent('@bob:example.org', 'join'), 'joined', 'leave')).toBe(false);
    expect(sees({ ...memberEvent(ALICE, 'join'), type: 'm.other' }, 'joined', 'leave')).toBe(false);
  });
});

describe('a server', () => {
  const server = (memberships: Membership[], joinedSince = true) => ({
    serverName: 'example.org',
    memberships,
    joinedSince,
  });

  test('may be given what one of its users may see', () => {
    for (const visibility of VISIBILITIES) {
      for (const membership of MEMBERSHIPS) {
        for (const joinedSince of [true, false]) {
          const given = serverCanSee(MESSAGE, visibility, server(['leave', membership], joinedSince));
          expect(given).toBe(sees(MESSAGE, visibility, membership, joinedSince));
        }
      }
    }
  });

  test('without users at the event is given it only if it is open', () => {
    expect(VISIBILITIES.filter((visibility) => serverCanSee(MESSAGE, visibility, server([])))).toEqual([
      'world_readable',
      'shared',
    ]);
    expect(VISIBILITIES.filter((visibility) => serverCanSee(MESSAGE, visibility, server([], false)))).toEqual([
      'world_readable',
    ]);
  });

  test('is given the memberships of its users and changes of the visibility by what holds before or after', () => {
    expect(serverCanSee(memberEvent(ALICE, 'join'), 'joined', server([]))).toBe(true);
    expect(serverCanSee(memberEvent(ALICE, 'invite'), 'invited', server([]))).toBe(true);
    expect(serverCanSee(memberEvent(ALICE, 'invite'), 'joined', server([]))).toBe(false);
    expect(serverCanSee(memberEvent('@bob:example.org.evil', 'join'), 'joined', server([]))).toBe(false);
    expect(serverCanSee(visibilityEvent('joined'), 'invited', server(['invite']))).toBe(true);
    expect(serverCanSee(visibilityEvent('joined'), 'shared', server([]))).toBe(true);
  });

  test('needs its memberships looked up only where they decide', () => {
    expect(VISIBILITIES.map((visibility) => needsServerMemberships(MESSAGE, visibility, true))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(needsServerMemberships(MESSAGE, 'shared', false)).toBe(true);
    expect(needsServerMemberships(visibilityEvent('world_readable'), 'joined', false)).toBe(false);
  });
});

test('a visibility that is absent or not understood is shared', () => {
  for (const content of [undefined, {}, { history_visibility: 'public' }, { history_visibility: ['joined'] }, null]) {
    expect(historyVisibilityOf(content)).toBe('shared');
  }
  expect(historyVisibilityOf({ history_visibility: 'joined' })).toBe('joined');
});

test('a membership that is absent or not understood is leave', () => {
  expect([membershipOf(undefined), membershipOf({ membership: 'guest' }), membershipOf({ membership: 'ban' })]).toEqual(
    ['leave', 'leave', 'ban'],
  );
});

test('only the membership of the user is their own', () => {
  expect(isOwnMembership(memberEvent(ALICE, 'invite'), ALICE)).toBe(true);
  expect(isOwnMembership(memberEvent('@bob:x', 'invite'), ALICE)).toBe(false);
  expect(isOwnMembership({ ...MESSAGE, stateKey: ALICE }, ALICE)).toBe(false);
});
