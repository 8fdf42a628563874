import type { Static } from '@sinclair/typebox';
import type { createRoom } from '#api/client/create-room.ts';
import { BatchConflict } from '#platform/storage/index.ts';
import { hasFloatLiteral } from '#protocol/canonical-json/index.ts';
import { badJson, MatrixError } from '#protocol/errors.ts';
import { parseUserId, type RoomAlias, type RoomId, type UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Draft } from '#rooms/index.ts';
import { initialEvents } from './initial-events.ts';
import type { Caller, CreateRoomDeps } from './ports.ts';
import { type RoomRequest, readRoomRequest } from './room-request.ts';

/** Makes rooms. */
export class RoomCreation {
  constructor(private readonly deps: CreateRoomDeps) {}

  /**
   * Makes the room, its alias and its entry in the directory: all or nothing, in one batch.
   * @throws MatrixError as `readRoomRequest`; 400 `M_ROOM_IN_USE`; 400 `M_INVALID_ROOM_STATE` where the auth rules refuse an
   *   event, `M_BAD_JSON` and `M_BAD_ALIAS` where it could not be sent later either; 403 `M_INVITE_BLOCKED`;
   *   429 `M_LIMIT_EXCEEDED`.
   */
  async create(caller: Caller, body: Static<(typeof createRoom)['body']>, bodyText: string): Promise<RoomId> {
    const { engine, directory, serverName, config, clock } = this.deps;
    const { userId, isShadowBanned } = caller.requester;
    const asked = readRoomRequest(body, userId, { serverName, defaultVersion: config.defaultRoomVersion });
    if (asked.rules.strictCanonicalJson && hasFloatLiteral(bodyText)) {
      throw badJson('Events hold no numbers with a fraction or an exponent');
    }
    // A shadow-banned user's invites reach nobody.
    const room: RoomRequest = isShadowBanned ? withoutInvites(asked) : asked;
    const { alias, rules, isPublic } = room;
    if (alias !== undefined) await directory.checkNewAlias(alias, caller.requester);
    const invitees = await this.#invitees(caller, room);
    const creator = await this.deps.membership.contentOf('join', userId);
    const events = initialEvents(room, { creator, invitees }, config, clock.now());
    await this.#check(events.slice(1), alias);
    try {
      const { roomId } = await engine.create(rules, events, {
        contribute: (batch, event) => {
          const aliases: readonly RoomAlias[] = alias === undefined ? [] : [alias];
          if (alias !== undefined) directory.addAlias(batch, alias, event.roomId, userId);
          // Who may not list rooms gets one that is not listed.
          if (isPublic && directory.mayPublish(userId, event.roomId, aliases)) directory.publish(batch, event.roomId);
        },
      });
      return roomId;
    } catch (error) {
      throw refusalOf(error, alias);
    }
  }

  /** Events of a new room are held to what those are that are sent later. */
  async #check(events: readonly Draft[], alias: RoomAlias | undefined): Promise<void> {
    for (const event of events) {
      this.deps.checkContent(event);
      const isCanonicalAlias = event.type === 'm.room.canonical_alias' && event.stateKey === '';
      if (isCanonicalAlias) await this.deps.directory.checkCanonicalAlias(event.content, alias);
    }
  }

  async #invitees(caller: Caller, room: RoomRequest): Promise<Map<UserId, JsonObject>> {
    const { membership } = this.deps;
    const { invitees, isDirect, creator } = room;
    // An invite is one whichever part of the request it stands in.
    const invited = [...new Set([...invitees, ...invitedByState(room)])];
    if (invited.length === 0) return new Map();
    membership.requireInvitesAllowed(caller);
    await membership.limitInvites(caller, invited);
    for (const userId of invited) await membership.requireInvitable(userId, creator);
    const contents = new Map<UserId, JsonObject>();
    for (const userId of invitees) {
      contents.set(userId, await membership.contentOf('invite', userId, isDirect ? { is_direct: true } : {}));
    }
    return contents;
  }
}

/** What there is no user of, the auth rules refuse. */
function invitedByState({ initialState }: RoomRequest): UserId[] {
  return initialState.filter(isInvite).flatMap(({ stateKey }) => parseUserId(stateKey) ?? []);
}

function isInvite({ type, content }: RoomRequest['initialState'][number]): boolean {
  return type === 'm.room.member' && content.membership === 'invite';
}

function withoutInvites(room: RoomRequest): RoomRequest {
  return { ...room, invitees: [], initialState: room.initialState.filter((event) => !isInvite(event)) };
}

/** The auth rules' refusal of an event of the new room says that the room asked for is impossible, not that it is forbidden. */
function refusalOf(error: unknown, alias: RoomAlias | undefined): unknown {
  if (error instanceof BatchConflict && alias !== undefined)
    return new MatrixError('M_ROOM_IN_USE', 'This alias is taken');
  if (error instanceof MatrixError && error.errcode === 'M_FORBIDDEN') {
    return new MatrixError('M_INVALID_ROOM_STATE', error.message);
  }
  return error;
}
