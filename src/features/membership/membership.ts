import { forbidden, MatrixError } from '#protocol/errors.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Contribution } from '#rooms/index.ts';
import { Entering } from './entering.ts';
import { Inviting } from './inviting.ts';
import { MemberChanges, type MembershipChange, memberDraft, memberOf } from './member-changes.ts';
import { MemberContents } from './member-content.ts';
import { Moderation } from './moderation.ts';
import type { Caller, MembershipDeps } from './ports.ts';

/**
 * Joining, leaving, inviting, kicking, banning, knocking. Each resolves with the member event in force once that is durable;
 * `undefined` where the event is elsewhere or, for a shadow-banned user, nowhere.
 */
export class MembershipService {
  readonly contents: MemberContents;
  readonly entering: Entering;
  readonly inviting: Inviting;
  readonly moderation: Moderation;
  readonly #changes: MemberChanges;

  constructor(private readonly deps: MembershipDeps) {
    this.contents = new MemberContents(deps);
    this.#changes = new MemberChanges(deps);
    const parts = { ...deps, contents: this.contents, changes: this.#changes };
    this.entering = new Entering(parts);
    this.inviting = new Inviting(parts);
    this.moderation = new Moderation(parts);
  }

  /** Takes the caller out of a room: leaves, rejects an invite, takes back a knock. Leaving twice is leaving once. */
  async leave(caller: Caller, { roomId, content: sent, originServerTs }: Omit<MembershipChange, 'target'>) {
    const { userId } = caller.requester;
    await this.#changes.requireRoom(roomId);
    if ((await this.deps.isServerNoticeRoom?.(roomId)) === true) {
      throw new MatrixError('M_CANNOT_LEAVE_SERVER_NOTICE_ROOM', 'You cannot leave the room of server notices');
    }
    const content = await this.contents.of('leave', userId, sent);
    const forget: Contribution | undefined = this.deps.config.forgetRoomsOnLeave
      ? (batch, event) => batch.add(this.deps.members.forget(event.roomNid, userId))
      : undefined;
    return this.#changes.make(
      roomId,
      async (hot) => {
        const current = await memberOf(hot, userId);
        if (current === undefined) throw forbidden('You are not in this room');
        if (current.content.membership === 'leave') return { already: current };
        return memberDraft(userId, userId, content, originServerTs);
      },
      forget,
    );
  }

  /**
   * What a client asks for by sending a member event as state.
   * @throws MatrixError 400 `M_BAD_JSON` for an unknown membership, and whatever the change itself throws.
   */
  async changeByState(caller: Caller, change: MembershipChange & { readonly content: JsonObject }) {
    const { roomId, target, content, originServerTs } = change;
    const isOwn = target === caller.requester.userId;
    const { membership, ...sent } = content;
    switch (membership) {
      case 'join':
        if (!isOwn) throw forbidden('Nobody can join for somebody else');
        return (await this.entering.join(caller, roomId, { content: sent, originServerTs })).event;
      case 'knock':
        if (!isOwn) throw forbidden('Nobody can knock for somebody else');
        return (await this.entering.knock(caller, roomId, { content: sent, originServerTs })).event;
      case 'invite':
        return this.inviting.invite(caller, { ...change, content: sent });
      case 'ban':
        return this.moderation.ban(caller, { ...change, content: sent });
      case 'leave': {
        if (isOwn) return this.leave(caller, { ...change, content: sent });
        const current = await (await this.deps.current.of(roomId))?.get('m.room.member', target);
        const action = current?.content.membership === 'ban' ? 'unban' : 'kick';
        return this.moderation[action](caller, { ...change, content: sent });
      }
      default:
        throw new MatrixError('M_BAD_JSON', 'The membership is none');
    }
  }

  /**
   * Forgets a room, so that the user does not see it any more.
   * @throws MatrixError 400 `M_UNKNOWN` while the user is in it, invited or knocking.
   */
  async forget(userId: UserId, roomId: RoomId): Promise<void> {
    const room = await this.deps.rooms.find(roomId);
    const own = room === undefined ? undefined : await this.deps.members.find(room.nid, userId);
    if (room === undefined || own === undefined || own.isForgotten) return;
    if (own.membership !== 'leave' && own.membership !== 'ban') {
      throw new MatrixError('M_UNKNOWN', 'You can only forget a room that you have left', { status: 400 });
    }
    await this.deps.streams.commit((batch) => {
      batch.add(this.deps.members.forget(room.nid, userId));
    });
  }
}
