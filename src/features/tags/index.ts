/**
 * Tags of rooms: favourites, low priority and the names users make up. They are the account data `m.tag` of a room, so that
 * `/sync` needs to know nothing of them; here are their own endpoints and the rules of their form. Not here: storage.
 * https://spec.matrix.org/v1.19/client-server-api/#room-tagging
 */
import type { Route } from '#api/endpoint.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { tagRoutes } from './routes.ts';

/** What tags need of account data. */
export interface TagStorage {
  get(userId: UserId, key: { readonly roomId: RoomId; readonly type: string }): Promise<JsonObject | undefined>;
  /** Replaces the content by what `change` makes of it, without losing what others write meanwhile. */
  update(
    userId: UserId,
    key: { readonly roomId: RoomId; readonly type: string },
    change: (before: JsonObject | undefined) => JsonObject,
  ): Promise<void>;
}

export function tagsFeature(deps: { readonly accountData: TagStorage }): { routes: readonly Route[] } {
  return { routes: tagRoutes(deps.accountData) };
}
