import { parseRoomId, type RoomId, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject } from '#protocol/json.ts';
import type { CurrentStateChange, EventHook, StoredEvent } from '#rooms/index.ts';
import type { RoomUpgradeDeps } from './ports.ts';

/**
 * When a user first joins a room that replaces another one that they were in, what they had set for the old room follows.
 * It does not matter who upgraded the room, or how.
 * https://spec.matrix.org/v1.19/client-server-api/#server-behaviour-19
 */
export class FollowUsers implements EventHook {
  constructor(
    private readonly deps: Pick<
      RoomUpgradeDeps,
      'current' | 'rooms' | 'members' | 'serverName' | 'onRoomUpgraded' | 'report'
    >,
  ) {}

  stateChanged(changes: readonly CurrentStateChange[]): void {
    for (const change of changes) {
      if (change.type !== 'm.room.member' || change.after?.content.membership !== 'join') continue;
      const userId = change.stateKey as UserId;
      if (serverNameOf(userId) !== this.deps.serverName || !isFirstJoin(change)) continue;
      this.#follow(change.after, change.room.roomId, userId).catch(this.deps.report);
    }
  }

  async #follow(event: StoredEvent, roomId: RoomId, userId: UserId): Promise<void> {
    if (event.stateAfter === undefined) return;
    const state = this.deps.current.at(await this.deps.rooms.get(event.roomNid), event.stateAfter);
    const predecessor = (await state.get('m.room.create'))?.content.predecessor;
    const named = isJsonObject(predecessor) ? predecessor.room_id : undefined;
    const from = typeof named === 'string' ? parseRoomId(named) : undefined;
    const old = from === undefined ? undefined : await this.deps.rooms.find(from);
    if (from === undefined || old === undefined) return;
    const own = await this.deps.members.find(old.nid, userId);
    if (own?.membership === 'join') await this.deps.onRoomUpgraded(from, roomId, [userId]);
  }
}

/** Nothing before it, or only an invite or a knock: who comes back has had their settings taken along already. */
function isFirstJoin({ before }: CurrentStateChange): boolean {
  const membership = before?.content.membership;
  return membership === undefined || membership === 'invite' || membership === 'knock';
}
