import { forbidden, MatrixError, notFound } from '#protocol/errors.ts';
import {
  parseRoomAlias,
  parseServerName,
  type RoomAlias,
  type RoomId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Contribution, Draft, HotRoom, RoomIdentity, StoredEvent } from '#rooms/index.ts';
import { authoriserOf } from './join-permission.ts';
import { MemberContents } from './member-content.ts';
import type { Caller, MembershipDeps } from './ports.ts';
import { type ThirdPartySigned, thirdPartyInvite } from './third-party-invite.ts';

/** A change of somebody's membership. */
export interface MembershipChange {
  readonly roomId: RoomId;
  readonly target: UserId;
  /** What the client sent for the member event besides its membership: `reason`, and whatever else. */
  readonly content?: JsonObject | undefined;
  /** Only appservices may say. */
  readonly originServerTs?: number | undefined;
}

interface JoinOptions {
  readonly via?: readonly string[] | undefined;
  readonly content?: JsonObject | undefined;
  readonly thirdPartySigned?: ThirdPartySigned | undefined;
  readonly originServerTs?: number | undefined;
}

/** A member event to send, or the one that makes sending needless. */
type Decision = Draft | { readonly already: StoredEvent };

/**
 * Joining, leaving, inviting, kicking, banning, knocking. Each resolves with the member event in force once that is durable;
 * `undefined` where the event is elsewhere or, for a shadow-banned user, nowhere.
 */
export class MembershipService {
  readonly contents: MemberContents;

  constructor(private readonly deps: MembershipDeps) {
    this.contents = new MemberContents(deps);
  }

  /** @throws MatrixError 404 `M_NOT_FOUND` for an alias nobody knows. */
  async resolve(idOrAlias: RoomId | RoomAlias): Promise<{ roomId: RoomId; servers: readonly ServerName[] }> {
    const alias = parseRoomAlias(idOrAlias);
    if (alias === undefined) return { roomId: idOrAlias as RoomId, servers: [] };
    const found = await this.deps.resolveAlias(alias);
    if (found === undefined) throw notFound('No room has this alias');
    return found;
  }

  /**
   * Joins the caller.
   * @throws MatrixError 403 `M_FORBIDDEN` as the join rules say, `M_GUEST_ACCESS_FORBIDDEN` for guests where the room has no
   *   guests; 429 `M_LIMIT_EXCEEDED`.
   */
  async join(caller: Caller, idOrAlias: RoomId | RoomAlias, options: JoinOptions = {}) {
    const { userId, isGuest } = caller.requester;
    const { roomId, servers } = await this.resolve(idOrAlias);
    const { content: sent = {}, originServerTs } = options;
    const room = await this.deps.rooms.find(roomId);
    const own = room === undefined ? undefined : await this.deps.members.find(room.nid, userId);
    if (own?.membership === 'join') {
      // Joining again changes nothing, lest it overwrite the name that the user has chosen for this room.
      if (Object.keys(sent).length === 0) return { roomId, event: await this.deps.events.byNid(own.eventNid) };
    } else await this.#limitJoins(caller, roomId);
    const content = await this.contents.of('join', userId, sent);
    if (room === undefined) {
      const via = [...serverNames(options.via), ...servers];
      await this.deps.remote.enter({ action: 'join', userId, roomId, via, content });
      return { roomId, event: undefined };
    }
    const { thirdPartySigned } = options;
    if (thirdPartySigned !== undefined && own?.membership !== 'invite' && own?.membership !== 'join') {
      const invited = await this.deps.engine.within(roomId, async (turn) =>
        turn.append([await thirdPartyInvite(thirdPartySigned, turn.room)]),
      );
      await invited();
    }
    const event = await this.#change(roomId, async (hot) => {
      if (isGuest) await requireGuestAccess(hot);
      const authoriser = await authoriserOf(userId, hot, this.deps);
      const authorised =
        authoriser === undefined ? content : { ...content, join_authorised_via_users_server: authoriser };
      return member(userId, userId, authorised, originServerTs);
    });
    return { roomId, event };
  }

  /** Knocks on a room for the caller. @throws MatrixError 403 `M_FORBIDDEN` where the join rules know no knocking. */
  async knock(caller: Caller, idOrAlias: RoomId | RoomAlias, options: Omit<JoinOptions, 'thirdPartySigned'> = {}) {
    const { userId } = caller.requester;
    const { roomId, servers } = await this.resolve(idOrAlias);
    await this.#limitJoins(caller, roomId);
    const content = await this.contents.of('knock', userId, options.content);
    if ((await this.deps.rooms.find(roomId)) === undefined) {
      const via = [...serverNames(options.via), ...servers];
      await this.deps.remote.enter({ action: 'knock', userId, roomId, via, content });
      return { roomId, event: undefined };
    }
    const event = await this.#change(roomId, async () => member(userId, userId, content, options.originServerTs));
    return { roomId, event };
  }

  /** Takes the caller out of a room: leaves, rejects an invite, takes back a knock. Leaving twice is leaving once. */
  async leave(caller: Caller, { roomId, content: sent, originServerTs }: Omit<MembershipChange, 'target'>) {
    const { userId } = caller.requester;
    await this.#require(roomId);
    if ((await this.deps.isServerNoticeRoom?.(roomId)) === true) {
      throw new MatrixError('M_CANNOT_LEAVE_SERVER_NOTICE_ROOM', 'You cannot leave the room of server notices');
    }
    const content = await this.contents.of('leave', userId, sent);
    const forget: Contribution | undefined = this.deps.config.forgetRoomsOnLeave
      ? (batch, event) => batch.add(this.deps.members.forget(event.roomNid, userId))
      : undefined;
    return this.#change(
      roomId,
      async (hot) => {
        const current = await memberOf(hot, userId);
        if (current === undefined) throw forbidden('You are not in this room');
        if (current.content.membership === 'leave') return { already: current };
        return member(userId, userId, content, originServerTs);
      },
      forget,
    );
  }

  /**
   * Invites a user.
   * @throws MatrixError 403 `M_FORBIDDEN` if the caller may not, or the target is in the room or banned from it;
   *   403 `M_INVITE_BLOCKED` if the target wants no invites; 429 `M_LIMIT_EXCEEDED`.
   */
  async invite(caller: Caller, { roomId, target, content: sent, originServerTs }: MembershipChange) {
    const { requester } = caller;
    if (requester.isShadowBanned) return undefined;
    await this.#require(roomId);
    this.requireInvitesAllowed(caller);
    await this.limitInvites(caller, [target], roomId);
    if (serverNameOf(target) !== this.deps.serverName) await this.deps.remote.requireInvitable(target);
    const isBlocked = await this.isBlocked(target, requester.userId);
    const content = await this.contents.of('invite', target, sent);
    return this.#change(roomId, async (hot) => {
      await requireJoined(hot, requester.userId);
      if (isBlocked) throw inviteBlocked(target);
      return member(requester.userId, target, content, originServerTs);
    });
  }

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
        return (await this.join(caller, roomId, { content: sent, originServerTs })).event;
      case 'knock':
        if (!isOwn) throw forbidden('Nobody can knock for somebody else');
        return (await this.knock(caller, roomId, { content: sent, originServerTs })).event;
      case 'invite':
        return this.invite(caller, { ...change, content: sent });
      case 'ban':
        return this.ban(caller, { ...change, content: sent });
      case 'leave': {
        if (isOwn) return this.leave(caller, { ...change, content: sent });
        const current = await (await this.deps.current.of(roomId))?.get('m.room.member', target);
        const action = current?.content.membership === 'ban' ? 'unban' : 'kick';
        return this[action](caller, { ...change, content: sent });
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

  /** @throws MatrixError 403 `M_FORBIDDEN` where only server administrators invite. */
  requireInvitesAllowed({ requester }: Caller): void {
    if (this.deps.config.blockNonAdminInvites && !requester.isAdmin)
      throw forbidden('Invites are disabled on this server');
  }

  /** Takes from the limits of who invites, of each who is invited, and of the room. */
  async limitInvites({ requester, ip }: Caller, targets: readonly UserId[], roomId: RoomId | undefined): Promise<void> {
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

  async #moderate(
    caller: Caller,
    { roomId, target, content: sent, originServerTs }: MembershipChange,
    membership: 'leave' | 'ban',
    check: (current: unknown) => void,
  ): Promise<StoredEvent | undefined> {
    const { requester } = caller;
    if (requester.isShadowBanned) return undefined;
    await this.#require(roomId);
    const content = await this.contents.of(membership, target, sent);
    return this.#change(roomId, async (hot) => {
      await requireJoined(hot, requester.userId);
      check((await memberOf(hot, target))?.content.membership);
      return member(requester.userId, target, content, originServerTs);
    });
  }

  async #change(
    roomId: RoomId,
    decide: (room: HotRoom) => Promise<Decision>,
    contribute?: Contribution,
  ): Promise<StoredEvent> {
    const finish = await this.deps.engine.within(roomId, async (turn) => {
      const decision = await decide(turn.room);
      if ('already' in decision) return async () => decision.already;
      const appended = await turn.append([decision], { contribute });
      return async () => (await appended())[0]!.event;
    });
    return finish();
  }

  /** Rooms that are not here look like rooms that the caller is not in. */
  async #require(roomId: RoomId): Promise<RoomIdentity> {
    const room = await this.deps.rooms.find(roomId);
    if (room === undefined) throw forbidden('You are not in this room');
    return room;
  }

  async #limitJoins({ requester, ip }: Caller, roomId: RoomId): Promise<void> {
    await this.deps.limits.takeFor('rc_joins.local', requester, ip);
    if (requester.appserviceId === undefined) this.deps.limits.limiter('rc_joins_per_room').take(roomId);
  }
}

function inviteBlocked(target: UserId): MatrixError {
  return new MatrixError('M_INVITE_BLOCKED', `${target} does not accept invites`);
}

function member(sender: UserId, target: UserId, content: JsonObject, originServerTs: number | undefined): Draft {
  return { type: 'm.room.member', stateKey: target, sender, content, originServerTs };
}

async function memberOf(room: HotRoom, userId: UserId): Promise<StoredEvent | undefined> {
  return room.state.get('m.room.member', userId);
}

async function requireJoined(room: HotRoom, userId: UserId): Promise<void> {
  if ((await memberOf(room, userId))?.content.membership !== 'join') throw forbidden('You are not in this room');
}

/** https://spec.matrix.org/v1.19/client-server-api/#guest-access */
async function requireGuestAccess(room: HotRoom): Promise<void> {
  if ((await room.state.get('m.room.guest_access'))?.content.guest_access === 'can_join') return;
  throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests may not join this room');
}

function serverNames(names: readonly string[] = []): ServerName[] {
  return names.flatMap((name) => parseServerName(name) ?? []);
}
