import { hasFloatLiteral } from '#protocol/canonical-json/index.ts';
import { badJson, forbidden } from '#protocol/errors.ts';
import { type EventId, parseUserId } from '#protocol/identifiers/index.ts';
import { isJsonObject } from '#protocol/json.ts';
import { roomCreators } from '#protocol/power-levels/index.ts';
import type { Contribution, Draft, HotRoom, RoomIdentity, StoredEvent } from '#rooms/index.ts';
import { type AskedEvent, checkContent } from './check-content.ts';
import { checkRelation } from './check-relation.ts';
import type { Caller, SendEventDeps } from './ports.ts';

/** A request to send an event. */
export interface SendRequest extends AskedEvent {
  /** The content's text as sent; empty if there is none. */
  readonly contentText: string;
  /** Given, the request has an effect once. */
  readonly txnId?: string | undefined;
  /** The time that an appservice wants on the event; that of others is ignored. */
  readonly originServerTs?: number | undefined;
}

/** Sends what clients ask to be sent, after the checks that concern only this server's own users. */
export class EventSender {
  constructor(private readonly deps: SendEventDeps) {}

  /**
   * Sends a message or state event; answers the id of the event in force once it is durable.
   * @throws MatrixError 403 `M_FORBIDDEN` as the auth rules say, and for unknown rooms; 400 `M_BAD_JSON`; 413 `M_TOO_LARGE`.
   */
  async send(caller: Caller, request: SendRequest): Promise<EventId> {
    const { requester } = caller;
    const { roomId, type, stateKey, txnId } = request;
    if (requester.isShadowBanned && !isOwnMembership(request, requester.userId)) return this.#pretend();
    const found = this.deps.rooms.find(roomId);
    const room = found instanceof Promise ? await found : found;
    if (room === undefined) throw forbidden('You are not in this room');
    if (room.rules.strictCanonicalJson && hasFloatLiteral(request.contentText)) {
      throw badJson('Events hold no numbers with a fraction or an exponent');
    }
    const originServerTs = requester.appserviceId === undefined ? undefined : request.originServerTs;
    if (type === 'm.room.redaction' && stateKey === undefined) return this.#redact(caller, request, originServerTs);
    if (type === 'm.room.member' && stateKey !== undefined)
      return this.#changeMembership(caller, request, originServerTs);
    if (txnId === undefined) return (await this.#append(caller, room, request, originServerTs)).eventId;
    return this.deps.transactions.once(
      {
        userId: requester.userId,
        deviceId: requester.deviceId ?? `appservice ${requester.appserviceId ?? ''}`,
        roomNid: room.nid,
        operation: `send ${type}`,
        txnId,
      },
      (contribute) => this.#append(caller, room, request, originServerTs, contribute),
    );
  }

  async #append(
    { requester }: Caller,
    room: RoomIdentity,
    request: SendRequest,
    originServerTs: number | undefined,
    contribute?: Contribution,
  ): Promise<StoredEvent> {
    const { type, stateKey, content } = request;
    checkContent(request, this.deps.serverName);
    const checking = checkRelation(request, requester.userId, this.deps);
    if (checking !== undefined) await checking;
    const draft: Draft = { type, stateKey, sender: requester.userId, content, originServerTs };
    const finish = await this.deps.engine.within(room.roomId, async (turn) => {
      if (stateKey !== undefined) await this.#checkAgainstState(request, turn.room);
      return turn.append([draft], { contribute });
    });
    return (await finish())[0]!.event;
  }

  /** Checks of state events that depend on the state they change. */
  async #checkAgainstState({ roomId, type, stateKey, content }: SendRequest, room: HotRoom): Promise<void> {
    if (stateKey !== '') return;
    if (type === 'm.room.canonical_alias') {
      await this.deps.checkCanonicalAlias(roomId, content, (await room.state.get(type))?.content);
    }
    const { rules } = room.identity;
    if (type !== 'm.room.power_levels' || !rules.privilegedCreators || !isJsonObject(content.users)) return;
    const create = await room.state.get('m.room.create');
    const named = Object.keys(content.users);
    // The auth rules refuse this too; it is a malformed request rather than a lack of power.
    if (create !== undefined && roomCreators(create, rules).some((creator) => named.includes(creator))) {
      throw badJson("'users' must not name a creator of the room");
    }
    if (named.some((userId) => parseUserId(userId) === undefined)) throw badJson("'users' must hold user ids");
  }

  async #changeMembership(caller: Caller, request: SendRequest, originServerTs: number | undefined): Promise<EventId> {
    const { roomId, stateKey, content } = request;
    const target = parseUserId(stateKey ?? '');
    if (target === undefined) throw badJson('The state key of a member event must be a user id');
    const event = await this.deps.changeMembership(caller, { roomId, target, content, originServerTs });
    return event?.eventId ?? this.#pretend();
  }

  /** https://github.com/matrix-org/matrix-spec-proposals/pull/4169 */
  #redact(caller: Caller, request: SendRequest, originServerTs: number | undefined): Promise<EventId> {
    const { roomId, txnId } = request;
    const { redacts, ...content } = request.content;
    if (typeof redacts !== 'string') throw badJson("'redacts' must be an event id");
    return this.deps.redact(caller, { roomId, redacts, content, txnId, originServerTs });
  }

  /** The id of no event, for who must not notice that nothing is sent. */
  #pretend(): EventId {
    return `$${Buffer.from(this.deps.random.bytes(32)).toString('base64url')}` as EventId;
  }
}

function isOwnMembership({ type, stateKey }: SendRequest, userId: string): boolean {
  return type === 'm.room.member' && stateKey === userId;
}
