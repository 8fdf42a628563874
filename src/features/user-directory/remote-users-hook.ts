import { isStorableText, type Statement } from '#platform/storage/index.ts';
import { parseUserId, type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Contribution, EventHook, HotRoom, NewEvent } from '#rooms/index.ts';
import type { UserDirectoryStore } from './user-directory-store.ts';

/**
 * Brings users of other servers into the directory when they join a room. Their name is taken from public rooms only: in
 * others they may go by one that not everybody is to know. Users of this server come with their profiles instead.
 */
export class RemoteUsersHook implements EventHook {
  constructor(
    private readonly store: UserDirectoryStore,
    private readonly serverName: ServerName,
  ) {}

  prepare(event: NewEvent, room: HotRoom): Contribution | undefined | Promise<Contribution | undefined> {
    if (event.type !== 'm.room.member' || event.stateKey === undefined) return undefined;
    const userId = parseUserId(event.stateKey);
    if (userId === undefined || serverNameOf(userId) === this.serverName) return undefined;
    return event.content.membership === 'join' ? this.#joined(userId, event.content, room) : undefined;
  }

  async #joined(userId: UserId, content: JsonObject, room: HotRoom): Promise<Contribution | undefined> {
    const before = (await room.state.get('m.room.member', userId))?.content;
    const isUnchanged =
      before?.membership === 'join' &&
      before.displayname === content.displayname &&
      before.avatar_url === content.avatar_url;
    if (isUnchanged) return undefined;
    const user = { userId, displayName: text(content.displayname), avatarUrl: text(content.avatar_url) };
    return writing((await isPublic(room)) ? this.store.put(user, false) : this.store.putIfNew(userId, false));
  }
}

async function isPublic(room: HotRoom): Promise<boolean> {
  if ((await room.state.get('m.room.join_rules'))?.content.join_rule === 'public') return true;
  const visibility = (await room.state.get('m.room.history_visibility'))?.content.history_visibility;
  return visibility === 'world_readable';
}

function text(value: JsonObject[string]): string | undefined {
  return typeof value === 'string' && value !== '' && isStorableText(value) ? value : undefined;
}

function writing(queries: readonly Statement[]): Contribution {
  return (batch) => {
    for (const query of queries) batch.add(query);
  };
}
