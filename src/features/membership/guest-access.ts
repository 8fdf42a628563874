import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { CurrentStateChange, EventHook, MembershipStore, RoomEngine } from '#rooms/index.ts';

interface GuestAccessDeps {
  readonly engine: RoomEngine;
  readonly members: MembershipStore;
  readonly isGuest: (userId: UserId) => Promise<boolean>;
  readonly report: (error: unknown) => void;
}

/**
 * Takes this server's guests out of a room that does not want guests any more.
 * https://spec.matrix.org/v1.19/client-server-api/#guest-access
 */
export class GuestAccess implements EventHook {
  constructor(private readonly deps: GuestAccessDeps) {}

  stateChanged(changes: readonly CurrentStateChange[]): void {
    for (const { type, stateKey, room, after } of changes) {
      if (type !== 'm.room.guest_access' || stateKey !== '' || after?.content.guest_access === 'can_join') continue;
      this.removeGuests(room.roomId, room.nid).catch(this.deps.report);
    }
  }

  async removeGuests(roomId: RoomId, roomNid: number): Promise<void> {
    for (const userId of await this.deps.members.localJoined(roomNid)) {
      if (!(await this.deps.isGuest(userId))) continue;
      const content = { membership: 'leave', reason: 'Guests may not be in this room any more' };
      await this.deps.engine.send(roomId, { type: 'm.room.member', stateKey: userId, sender: userId, content });
    }
  }
}
