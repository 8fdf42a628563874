import { RATE_LIMIT_DEFAULTS, type RateLimitSettings } from '#platform/config/index.ts';
import { createRateLimits } from '#platform/http/index.ts';
import { notFound } from '#protocol/errors.ts';
import type { RoomAlias, UserId } from '#protocol/identifiers/index.ts';
import type { World } from '#test/world.ts';
import { type MembershipConfig, type MembershipDeps, membershipFeature } from './index.ts';

const CONFIG: MembershipConfig = {
  blockNonAdminInvites: false,
  allowPerRoomProfiles: true,
  includeProfileDataOnInvite: true,
  forgetRoomsOnLeave: false,
  prejoinState: { disableDefaultEventTypes: false, additionalEventTypes: [] },
  autoAcceptInvites: { enabled: false, onlyForDirectMessages: false, onlyFromLocalUsers: false },
};

interface TestOptions extends Partial<MembershipDeps> {
  readonly configured?: Partial<MembershipConfig>;
  readonly limits?: never;
  readonly limit?: Partial<Record<keyof typeof RATE_LIMIT_DEFAULTS, RateLimitSettings>>;
  readonly profiles?: Readonly<Record<string, { displayname?: string; avatar_url?: string }>>;
  readonly guests?: readonly UserId[];
  readonly blocking?: readonly UserId[];
  readonly aliases?: Readonly<Record<string, string>>;
}

/** The slice on a world, its neighbours answering from lists. Nothing is limited unless `limit` says so. */
export function membershipOn(world: World, options: TestOptions = {}) {
  const { configured, limit, profiles, guests, blocking, aliases, ...deps } = options;
  const { engine, directory, events, members, joined, current, streams, repeated } = world.rooms;
  const generous = Object.fromEntries(
    Object.keys(RATE_LIMIT_DEFAULTS).map((name) => [name, { perSecond: 1000, burstCount: 1000 }]),
  ) as unknown as typeof RATE_LIMIT_DEFAULTS;
  const feature = membershipFeature({
    engine,
    events,
    members,
    joined,
    current,
    streams,
    repeated,
    rooms: directory,
    serverName: world.serverName,
    limits: createRateLimits({ limits: { ...generous, ...limit }, clock: world.clock }),
    profileOf: async (userId) => profiles?.[userId] ?? {},
    resolveAlias: async (alias: RoomAlias) => {
      const roomId = aliases?.[alias];
      return roomId === undefined ? undefined : { roomId: roomId as never, servers: [] };
    },
    isInviteBlocked: async (userId) => blocking?.includes(userId) ?? false,
    isGuest: async (userId) => guests?.includes(userId) ?? false,
    remote: {
      enter: async () => {
        throw notFound('No server knows this room');
      },
      requireInvitable: async () => {
        throw notFound('No such server');
      },
    },
    report: (error) => {
      throw error;
    },
    ...(deps as Partial<MembershipDeps>),
    config: { ...CONFIG, ...configured },
  });
  world.hooks.push(...feature.hooks);
  return feature;
}
