import { isStorableText } from '#platform/storage/index.ts';
import { parseUserId, type ServerName, serverNameOf } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Contribution, EventHook, HotRoom, StateChange } from '#rooms/index.ts';
import type { FoundUser, UserDirectoryStore } from './user-directory-store.ts';

/**
 * Brings users of other servers into the directory when they join a room. Their name is taken from public rooms only: in
 * others they may go by one that not everybody is to know. Users of this server come with their profiles instead.
 */
export class RemoteUsersHook implements EventHook {
  constructor(
    private readonly store: UserDirectoryStore,
    private readonly serverName: ServerName,
  ) {}

  async prepareState(changes: readonly StateChange[], room: HotRoom): Promise<Contribution | undefined> {
    const users = changes.map((change) => this.#joined(change)).filter((user) => user !== undefined);
    if (users.length === 0) return undefined;
    const isNamed = await isPublic(changes, room);
    return (batch) => {
      for (const user of users) {
        const queries = isNamed ? this.store.put(user, false) : this.store.putIfNew(user.userId, false);
        for (const query of queries) batch.add(query);
      }
    };
  }

  /** The user of another server whom a change joins to the room, or renames there. */
  #joined({ type, stateKey, before, after }: StateChange): FoundUser | undefined {
    if (type !== 'm.room.member' || after?.content.membership !== 'join') return undefined;
    const userId = parseUserId(stateKey);
    if (userId === undefined || serverNameOf(userId) === this.serverName) return undefined;
    const [was, is] = [before?.content, after.content];
    const isUnchanged =
      was?.membership === 'join' && was.displayname === is.displayname && was.avatar_url === is.avatar_url;
    return isUnchanged ? undefined : { userId, displayName: text(is.displayname), avatarUrl: text(is.avatar_url) };
  }
}

/** Whether anybody may join or read the room once it has changed. */
async function isPublic(changes: readonly StateChange[], room: HotRoom): Promise<boolean> {
  const inForce = async (type: string) => {
    const change = changes.find((one) => one.type === type && one.stateKey === '');
    return (change === undefined ? await room.state.get(type) : change.after)?.content;
  };
  if ((await inForce('m.room.join_rules'))?.join_rule === 'public') return true;
  return (await inForce('m.room.history_visibility'))?.history_visibility === 'world_readable';
}

function text(value: JsonObject[string]): string | undefined {
  return typeof value === 'string' && value !== '' && isStorableText(value) ? value : undefined;
}
