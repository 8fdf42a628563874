import type { Static } from '@sinclair/typebox';
import type { createRoom } from '#api/client/create-room.ts';
import { BatchConflict } from '#platform/storage/index.ts';
import { hasFloatLiteral } from '#protocol/canonical-json/index.ts';
import { badJson, MatrixError } from '#protocol/errors.ts';
import type { RoomAlias, RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { initialEvents } from './initial-events.ts';
import type { Caller, CreateRoomDeps } from './ports.ts';
import { type RoomRequest, readRoomRequest } from './room-request.ts';

/** Makes rooms. */
export class RoomCreation {
  constructor(private readonly deps: CreateRoomDeps) {}

  /**
   * Makes the room, its alias and its entry in the directory: all or nothing, in one batch.
   * @throws MatrixError as `readRoomRequest`; 400 `M_ROOM_IN_USE`; 400 `M_INVALID_ROOM_STATE` where the auth rules refuse an
   *   event; 403 `M_INVITE_BLOCKED`; 429 `M_LIMIT_EXCEEDED`.
   */
  async create(caller: Caller, body: Static<(typeof createRoom)['body']>, bodyText: string): Promise<RoomId> {
    const { engine, directory, serverName, config, clock } = this.deps;
    const { userId, isShadowBanned } = caller.requester;
    const asked = readRoomRequest(body, userId, { serverName, defaultVersion: config.defaultRoomVersion });
    if (asked.rules.strictCanonicalJson && hasFloatLiteral(bodyText)) {
      throw badJson('Events hold no numbers with a fraction or an exponent');
    }
    // A shadow-banned user's invites reach nobody.
    const room: RoomRequest = isShadowBanned ? { ...asked, invitees: [] } : asked;
    const { alias, rules, isPublic } = room;
    if (alias !== undefined) await directory.checkNewAlias(alias, caller.requester);
    const invitees = await this.#invitees(caller, room);
    const creator = await this.deps.membership.contentOf('join', userId);
    const events = initialEvents(room, { creator, invitees }, config, clock.now());
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

  async #invitees(caller: Caller, { invitees, isDirect, creator }: RoomRequest): Promise<Map<UserId, JsonObject>> {
    const { membership } = this.deps;
    if (invitees.length === 0) return new Map();
    membership.requireInvitesAllowed(caller);
    await membership.limitInvites(caller, invitees);
    const contents = new Map<UserId, JsonObject>();
    for (const userId of invitees) {
      await membership.requireInvitable(userId, creator);
      contents.set(userId, await membership.contentOf('invite', userId, isDirect ? { is_direct: true } : {}));
    }
    return contents;
  }
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
