/**
 * Profiles: display names, avatars and whatever fields users give themselves; who may see and change them; and the member
 * events that follow a change in every room of the user. Not here: the names that are special to one room, which are that
 * room's state, and the user directory, which is told of changes by a hook.
 * https://spec.matrix.org/v1.19/client-server-api/#profiles
 */
import type { Route } from '#api/endpoint.ts';
import type { Reader, Transactor } from '#platform/storage/index.ts';
import type { ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Rooms } from '#rooms/index.ts';
import { ProfileAccess, type ProfileAccessDeps, type ProfileConfig } from './profile-access.ts';
import { ProfilePropagation, type PropagationDeps } from './profile-propagation.ts';
import { ProfileStore } from './profile-store.ts';
import { type ProfileHook, type ProfileNames, Profiles } from './profiles.ts';
import { profileRoutes } from './routes.ts';

export type { ProfileConfig } from './profile-access.ts';
export type { ProfileHook, ProfileNames, Profiles } from './profiles.ts';

export interface ProfileDeps {
  readonly storage: { readonly reader: Reader; readonly transactor: Transactor };
  readonly serverName: ServerName;
  readonly rooms: Pick<Rooms, 'engine' | 'joined' | 'members' | 'streams'>;
  readonly config: ProfileConfig;
  readonly log: PropagationDeps['log'];
  /** Who else is told of a changed name or avatar, in the same batch: the user directory, presence. */
  readonly hooks: readonly ProfileHook[];
  readonly isInPublicRoom: ProfileAccessDeps['isInPublicRoom'];
  readonly remoteProfile?: (userId: UserId) => Promise<JsonObject | undefined>;
  readonly avatarMedia?: NonNullable<ProfileAccessDeps['avatarMedia']>;
}

export interface ProfileFeature {
  readonly routes: readonly Route[];
  readonly profiles: Profiles;
  /** What a join of the user says of them. */
  profileOf(userId: UserId): Promise<ProfileNames>;
  /** Goes on with member events that a stop has interrupted. Call it once, at start. */
  resume(): Promise<void>;
  /** Resolves when no member events are under way: for a clean stop. */
  idle(): Promise<void>;
}

export function profileFeature(deps: ProfileDeps): ProfileFeature {
  const { storage, rooms, serverName, config } = deps;
  const store = new ProfileStore(storage.reader);
  const { engine, joined } = rooms;
  const propagation = new ProfilePropagation({ store, transactor: storage.transactor, engine, joined, log: deps.log });
  const profiles = new Profiles({ store, streams: rooms.streams, propagation, hooks: deps.hooks });
  const access = new ProfileAccess({
    profiles,
    serverName,
    members: rooms.members,
    isInPublicRoom: deps.isInPublicRoom,
    config,
    remoteProfile: deps.remoteProfile,
    avatarMedia: deps.avatarMedia,
  });
  return {
    routes: profileRoutes(profiles, access),
    profiles,
    profileOf: (userId) => profiles.namesOf(userId),
    resume: () => propagation.resume(),
    idle: () => propagation.idle(),
  };
}
