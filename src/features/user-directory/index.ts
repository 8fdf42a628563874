/**
 * The user directory: finding users by name or id. Every user has one row and the words they are found by, changed when their
 * profile changes; whom a searcher may find (those who share a room with them, and those in rooms that all may join or read)
 * is asked when searching, so that joining a room costs nothing here. The public rooms are read from room summaries' table.
 * https://spec.matrix.org/v1.19/client-server-api/#user-directory
 */
import { searchUserDirectory } from '#api/client/users.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { UserDirectoryConfig } from '#platform/config/index.ts';
import type { Batch, Reader } from '#platform/storage/index.ts';
import type { ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { EventHook } from '#rooms/index.ts';
import { RemoteUsersHook } from './remote-users-hook.ts';
import { readSearchTerm } from './search-words.ts';
import { type HiddenBecause, UserDirectoryStore } from './user-directory-store.ts';

export type { FoundUser, HiddenBecause } from './user-directory-store.ts';

export interface UserDirectoryDeps {
  readonly reader: Reader;
  readonly serverName: ServerName;
  readonly config: UserDirectoryConfig;
}

export interface UserDirectoryFeature {
  readonly routes: readonly Route[];
  /** To be registered with the room engine. */
  readonly hook: EventHook;
  /** In the batch that changes the profile of a user of this server; `undefined` if they have none any more. */
  profileChanged(
    batch: Batch,
    userId: UserId,
    profile: { readonly displayName: string | undefined; readonly avatarUrl: string | undefined } | undefined,
  ): void;
  /** In the batch that deactivates, locks or otherwise hides a user, or undoes it. */
  setHidden(batch: Batch, userId: UserId, because: HiddenBecause, isHidden: boolean): void;
}

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 50;

export function userDirectoryFeature({ reader, serverName, config }: UserDirectoryDeps): UserDirectoryFeature {
  const store = new UserDirectoryStore(reader);
  const routes = [
    route(searchUserDirectory, async ({ requester, body }) => {
      if (!config.enabled) return { results: [], limited: false };
      const limit = Math.min(Math.max(body.limit ?? LIMIT_DEFAULT, 1), LIMIT_MAX);
      const found = await store.search({
        term: readSearchTerm(body.search_term),
        searcher: requester.userId,
        limit: limit + 1,
        everybody: config.searchAllUsers,
        includeRemote: !config.excludeRemoteUsers,
        includeLocked: config.showLockedUsers,
        localFirst: config.preferLocalUsers,
      });
      const results = found.slice(0, limit).map(({ userId, displayName, avatarUrl }) => ({
        user_id: userId,
        ...(displayName === undefined ? {} : { display_name: displayName }),
        ...(avatarUrl === undefined ? {} : { avatar_url: avatarUrl }),
      }));
      return { results, limited: found.length > limit };
    }),
  ];
  return {
    routes,
    hook: new RemoteUsersHook(store, serverName),
    profileChanged(batch, userId, profile) {
      const queries = profile === undefined ? store.remove(userId) : store.put({ userId, ...profile }, true);
      for (const query of queries) batch.add(query);
    },
    setHidden(batch, userId, because, isHidden) {
      batch.add(store.setHidden(userId, because, isHidden));
    },
  };
}
