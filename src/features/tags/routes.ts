import { deleteRoomTag, getRoomTags, setRoomTag } from '#api/client/tags.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import { forbidden, invalidParam } from '#protocol/errors.ts';
import { fitsBytes, type UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import type { TagStorage } from './index.ts';

const TYPE = 'm.tag';
/** https://spec.matrix.org/v1.19/client-server-api/#room-tagging */
const MAX_NAME_BYTES = 255;

export function tagRoutes(accountData: TagStorage): readonly Route[] {
  return [
    route(getRoomTags, async ({ requester, params: { userId, roomId } }) => {
      requireOwn(requester, userId);
      return { tags: tagsIn(await accountData.get(userId, { roomId, type: TYPE })) };
    }),
    route(setRoomTag, async ({ requester, params: { userId, roomId, tag }, body }) => {
      requireOwn(requester, userId);
      if (!fitsBytes(tag, MAX_NAME_BYTES)) throw invalidParam(`A tag must not exceed ${MAX_NAME_BYTES} bytes`);
      const { order } = body;
      if (order !== undefined && !(order >= 0 && order <= 1)) throw invalidParam('The order must be from 0 to 1');
      await accountData.update(userId, { roomId, type: TYPE }, (before) => ({
        ...before,
        tags: Object.fromEntries([...Object.entries(tagsIn(before)), [tag, body]]),
      }));
      return {};
    }),
    route(deleteRoomTag, async ({ requester, params: { userId, roomId, tag } }) => {
      requireOwn(requester, userId);
      const known = tagsIn(await accountData.get(userId, { roomId, type: TYPE }));
      if (!Object.hasOwn(known, tag)) return {};
      await accountData.update(userId, { roomId, type: TYPE }, (before) => ({
        ...before,
        tags: Object.fromEntries(Object.entries(tagsIn(before)).filter(([name]) => name !== tag)),
      }));
      return {};
    }),
  ];
}

/** The well-formed tags: clients may also write the account data as a whole, in whatever form. */
function tagsIn(content: JsonObject | undefined): Record<string, JsonObject> {
  if (!isJsonObject(content?.tags)) return {};
  return Object.fromEntries(
    Object.entries(content.tags).filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1])),
  );
}

function requireOwn(requester: Requester, userId: UserId): void {
  if (requester.userId !== userId) throw forbidden("You cannot read or write other users' tags");
}
