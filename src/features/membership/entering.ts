import { MatrixError, notFound } from '#protocol/errors.ts';
import {
  parseRoomAlias,
  parseServerName,
  type RoomAlias,
  type RoomId,
  type ServerName,
} from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { HotRoom } from '#rooms/index.ts';
import { authoriserOf } from './join-permission.ts';
import { type MemberChanges, memberDraft, memberOf } from './member-changes.ts';
import type { MemberContents } from './member-content.ts';
import type { Caller, MembershipDeps } from './ports.ts';
import { type ThirdPartySigned, thirdPartyInvite } from './third-party-invite.ts';

export interface JoinOptions {
  readonly via?: readonly string[] | undefined;
  readonly content?: JsonObject | undefined;
  readonly thirdPartySigned?: ThirdPartySigned | undefined;
  readonly originServerTs?: number | undefined;
}

interface EnteringDeps
  extends Pick<MembershipDeps, 'engine' | 'rooms' | 'events' | 'members' | 'limits' | 'resolveAlias' | 'remote'> {
  readonly contents: MemberContents;
  readonly changes: MemberChanges;
}

/** Joining and knocking. */
export class Entering {
  constructor(private readonly deps: EnteringDeps) {}

  /**
   * Joins the caller.
   * @throws MatrixError 403 `M_FORBIDDEN` as the join rules say, `M_GUEST_ACCESS_FORBIDDEN` for guests where the room has no
   *   guests; 429 `M_LIMIT_EXCEEDED`.
   */
  async join(caller: Caller, idOrAlias: RoomId | RoomAlias, options: JoinOptions = {}) {
    const { userId, isGuest } = caller.requester;
    const { roomId, servers } = await this.#resolve(idOrAlias);
    const { content: sent = {}, originServerTs } = options;
    const room = await this.deps.rooms.find(roomId);
    const own = room === undefined ? undefined : await this.deps.members.find(room.nid, userId);
    if (own?.membership === 'join') {
      // Joining again changes nothing, lest it overwrite the name that the user has chosen for this room.
      if (Object.keys(sent).length === 0) return { roomId, event: await this.deps.events.byNid(own.eventNid) };
    } else await this.#limitJoins(caller, roomId);
    const content = await this.deps.contents.of('join', userId, sent);
    if (room === undefined) {
      const via = [...serverNames(options.via), ...servers];
      await this.deps.remote.enter({ action: 'join', userId, roomId, via, content });
      return { roomId, event: undefined };
    }
    const { thirdPartySigned } = options;
    if (thirdPartySigned !== undefined && own?.membership !== 'invite' && own?.membership !== 'join') {
      const invited = await this.deps.engine.within(roomId, async (turn) =>
        turn.append([await thirdPartyInvite(thirdPartySigned, userId, turn.room)]),
      );
      await invited();
    }
    const event = await this.deps.changes.make(roomId, async (hot) => {
      const current = await memberOf(hot, userId);
      // Of two joins at once the second finds the first.
      if (current?.content.membership === 'join' && Object.keys(sent).length === 0) return { already: current };
      if (isGuest) await requireGuestAccess(hot);
      const authoriser = await authoriserOf(userId, hot, this.deps);
      const authorised =
        authoriser === undefined ? content : { ...content, join_authorised_via_users_server: authoriser };
      return memberDraft(userId, userId, authorised, originServerTs);
    });
    return { roomId, event };
  }

  /** Knocks on a room for the caller. @throws MatrixError 403 `M_FORBIDDEN` where the join rules know no knocking. */
  async knock(caller: Caller, idOrAlias: RoomId | RoomAlias, options: Omit<JoinOptions, 'thirdPartySigned'> = {}) {
    const { userId } = caller.requester;
    const { roomId, servers } = await this.#resolve(idOrAlias);
    await this.#limitJoins(caller, roomId);
    const content = await this.deps.contents.of('knock', userId, options.content);
    if ((await this.deps.rooms.find(roomId)) === undefined) {
      const via = [...serverNames(options.via), ...servers];
      await this.deps.remote.enter({ action: 'knock', userId, roomId, via, content });
      return { roomId, event: undefined };
    }
    const event = await this.deps.changes.make(roomId, async () =>
      memberDraft(userId, userId, content, options.originServerTs),
    );
    return { roomId, event };
  }

  /** @throws MatrixError 404 `M_NOT_FOUND` for an alias nobody knows. */
  async #resolve(idOrAlias: RoomId | RoomAlias): Promise<{ roomId: RoomId; servers: readonly ServerName[] }> {
    const alias = parseRoomAlias(idOrAlias);
    if (alias === undefined) return { roomId: idOrAlias as RoomId, servers: [] };
    const found = await this.deps.resolveAlias(alias);
    if (found === undefined) throw notFound('No room has this alias');
    return found;
  }

  async #limitJoins({ requester, ip }: Caller, roomId: RoomId): Promise<void> {
    await this.deps.limits.takeFor('rc_joins.local', requester, ip);
    if (requester.appserviceId === undefined) this.deps.limits.limiter('rc_joins_per_room').take(roomId);
  }
}

/** https://spec.matrix.org/v1.19/client-server-api/#guest-access */
async function requireGuestAccess(room: HotRoom): Promise<void> {
  if ((await room.state.get('m.room.guest_access'))?.content.guest_access === 'can_join') return;
  throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests may not join this room');
}

function serverNames(names: readonly string[] = []): ServerName[] {
  return names.flatMap((name) => parseServerName(name) ?? []);
}
