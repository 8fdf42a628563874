import { forbidden, MatrixError } from '#protocol/errors.ts';
import { type RoomId, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import type { StoredEvent } from '#rooms/index.ts';
import { type MemberChanges, type MembershipChange, memberDraft, requireJoined } from './member-changes.ts';
import type { MemberContents } from './member-content.ts';
import type { Caller, MembershipDeps } from './ports.ts';

interface InvitingDeps extends Pick<MembershipDeps, 'limits' | 'serverName' | 'isInviteBlocked' | 'remote' | 'config'> {
  readonly contents: MemberContents;
  readonly changes: MemberChanges;
}

/** Invites, and who may send and get them. */
export class Inviting {
  constructor(private readonly deps: InvitingDeps) {}

  /**
   * Invites a user.
   * @throws MatrixError 403 `M_FORBIDDEN` if the caller may not, or the target is in the room or banned from it;
   *   403 `M_INVITE_BLOCKED` if the target wants no invites; 429 `M_LIMIT_EXCEEDED`.
   */
  async invite(
    caller: Caller,
    { roomId, target, content: sent, originServerTs }: MembershipChange,
  ): Promise<StoredEvent | undefined> {
    const { requester } = caller;
    if (requester.isShadowBanned) return undefined;
    await this.deps.changes.requireRoom(roomId);
    this.requireAllowed(caller);
    await this.limit(caller, [target], roomId);
    if (serverNameOf(target) !== this.deps.serverName) await this.deps.remote.requireInvitable(target);
    const isBlocked = await this.isBlocked(target, requester.userId);
    const content = await this.deps.contents.of('invite', target, sent);
    return this.deps.changes.make(roomId, async (hot) => {
      await requireJoined(hot, requester.userId);
      if (isBlocked) throw new MatrixError('M_INVITE_BLOCKED', `${target} does not accept invites`);
      return memberDraft(requester.userId, target, content, originServerTs);
    });
  }

  /** @throws MatrixError 403 `M_FORBIDDEN` where only server administrators invite. */
  requireAllowed({ requester }: Caller): void {
    if (this.deps.config.blockNonAdminInvites && !requester.isAdmin)
      throw forbidden('Invites are disabled on this server');
  }

  /** Takes from the limits of who invites, of each who is invited, and of the room. */
  async limit({ requester, ip }: Caller, targets: readonly UserId[], roomId: RoomId | undefined): Promise<void> {
    if (targets.length === 0) return;
    const { limits } = this.deps;
    await limits.takeFor('rc_invites.per_issuer', requester, ip, targets.length);
    if (requester.appserviceId !== undefined) return;
    if (roomId !== undefined) limits.limiter('rc_invites.per_room').take(roomId, { count: targets.length });
    for (const target of targets) limits.limiter('rc_invites.per_user').take(target);
  }

  async isBlocked(target: UserId, inviter: UserId): Promise<boolean> {
    return serverNameOf(target) === this.deps.serverName && (await this.deps.isInviteBlocked(target, inviter));
  }
}
