import type { Requester } from '#api/requester.ts';
import { readPowerLevels } from '#protocol/power-levels/index.ts';
import type { CurrentState, MembershipStore, RoomIdentity } from '#rooms/index.ts';

/** Who may decide how a room is found: server administrators, and members who could set its canonical alias. */
export class RoomModerators {
  constructor(
    private readonly current: CurrentState,
    private readonly members: MembershipStore,
  ) {}

  async includes(requester: Requester, room: RoomIdentity): Promise<boolean> {
    if (requester.isAdmin) return true;
    if ((await this.members.find(room.nid, requester.userId))?.membership !== 'join') return false;
    const state = await this.current.ofRoom(room);
    if (state === undefined) return false;
    const levels = readPowerLevels(
      await state.get('m.room.power_levels'),
      await state.get('m.room.create'),
      room.rules,
    );
    return levels.userLevel(requester.userId) >= levels.eventLevel('m.room.canonical_alias', true);
  }
}
