import { forbidden, MatrixError } from '#protocol/errors.ts';
import type { StoredEvent } from '#rooms/index.ts';
import { type MemberChanges, type MembershipChange, memberDraft, memberOf, requireJoined } from './member-changes.ts';
import type { MemberContents } from './member-content.ts';
import type { Caller } from './ports.ts';

/** Kicking, banning, unbanning. What a shadow-banned user does has no effect. */
export class Moderation {
  constructor(private readonly deps: { readonly contents: MemberContents; readonly changes: MemberChanges }) {}

  /** Removes a user. @throws MatrixError 403 `M_FORBIDDEN` also if the target is not in the room, nor invited, nor knocking. */
  async kick(caller: Caller, change: MembershipChange) {
    return this.#moderate(caller, change, 'leave', (current) => {
      if (current === 'join' || current === 'invite' || current === 'knock') return;
      throw forbidden(current === 'ban' ? 'The user is banned from this room' : 'The user is not in this room');
    });
  }

  async ban(caller: Caller, change: MembershipChange) {
    return this.#moderate(caller, change, 'ban', () => undefined);
  }

  /** Lifts a ban. @throws MatrixError 403 `M_BAD_STATE` if there is none. */
  async unban(caller: Caller, change: MembershipChange) {
    return this.#moderate(caller, change, 'leave', (current) => {
      if (current !== 'ban')
        throw new MatrixError('M_BAD_STATE', 'The user is not banned from this room', { status: 403 });
    });
  }

  async #moderate(
    caller: Caller,
    { roomId, target, content: sent, originServerTs }: MembershipChange,
    membership: 'leave' | 'ban',
    check: (current: unknown) => void,
  ): Promise<StoredEvent | undefined> {
    const { requester } = caller;
    if (requester.isShadowBanned) return undefined;
    await this.deps.changes.requireRoom(roomId);
    const content = await this.deps.contents.of(membership, target, sent);
    return this.deps.changes.make(roomId, async (hot) => {
      await requireJoined(hot, requester.userId);
      check((await memberOf(hot, target))?.content.membership);
      return memberDraft(requester.userId, target, content, originServerTs);
    });
  }
}
