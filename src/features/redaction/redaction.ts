import type { Requester } from '#api/requester.ts';
import type { RateLimits } from '#platform/http/index.ts';
import type { Random } from '#platform/random/index.ts';
import { forbidden, MatrixError, notFound } from '#protocol/errors.ts';
import { authorizeRedactionRequest } from '#protocol/event-auth/index.ts';
import type { EventId, RoomId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type {
  Contribution,
  EventStore,
  EventTransactions,
  RoomDirectory,
  RoomEngine,
  RoomIdentity,
  StoredEvent,
} from '#rooms/index.ts';

export interface RedactionDeps {
  readonly engine: RoomEngine;
  readonly rooms: RoomDirectory;
  readonly events: EventStore;
  readonly transactions: EventTransactions;
  readonly random: Random;
  readonly limits: RateLimits;
}

/** Who asks, and from where. */
export interface Caller {
  readonly requester: Requester;
  readonly ip: string;
}

export interface RedactionRequest {
  readonly roomId: RoomId;
  /** The event to redact. Untrusted: any text. */
  readonly redacts: string;
  /** `reason`, and whatever else the client says. */
  readonly content: JsonObject;
  /** Given, the request has an effect once. */
  readonly txnId?: string | undefined;
  readonly originServerTs?: number | undefined;
}

/** Redacts events for this server's users. */
export class Redactions {
  constructor(private readonly deps: RedactionDeps) {}

  /**
   * Answers the id of the redaction once it is durable.
   * @throws MatrixError 404 `M_NOT_FOUND` if the room has no such event; 403 `M_FORBIDDEN` if the caller may not redact it,
   *   `M_USER_SUSPENDED` for a suspended user and an event of somebody else's; 429 `M_LIMIT_EXCEEDED`.
   */
  async redact(caller: Caller, request: RedactionRequest): Promise<EventId> {
    const { requester } = caller;
    if (requester.isShadowBanned) return `$${Buffer.from(this.deps.random.bytes(32)).toString('base64url')}` as EventId;
    const room = await this.deps.rooms.find(request.roomId);
    if (room === undefined) throw forbidden('You are not in this room');
    const { txnId } = request;
    if (txnId === undefined) return (await this.#append(caller, room, request)).eventId;
    return this.deps.transactions.once(
      {
        userId: requester.userId,
        deviceId: requester.deviceId ?? `appservice ${requester.appserviceId ?? ''}`,
        roomNid: room.nid,
        operation: `redact ${request.redacts.slice(0, 255)}`,
        txnId,
      },
      (contribute) => this.#append(caller, room, request, contribute),
    );
  }

  async #append(
    caller: Caller,
    room: RoomIdentity,
    { redacts, content, originServerTs }: RedactionRequest,
    contribute?: Contribution,
  ): Promise<StoredEvent> {
    const { userId } = caller.requester;
    // What is not storable names no event.
    const target = isStorable(redacts) ? await this.deps.events.byId(redacts as EventId) : undefined;
    await this.#limit(caller, target);
    const finish = await this.deps.engine.within(room.roomId, async (turn) => {
      // Only those in the room learn which events it has.
      const own = await turn.room.state.get('m.room.member', userId);
      if (own?.content.membership !== 'join') throw forbidden('You are not in this room');
      if (target === undefined || target.roomNid !== room.nid) throw notFound('The room has no such event');
      if (caller.requester.isSuspended && target.sender !== userId) {
        throw new MatrixError('M_USER_SUSPENDED', 'While suspended, you can only redact your own events');
      }
      const redaction = { sender: userId, roomId: room.roomId };
      const verdict = authorizeRedactionRequest(await turn.room.powerLevels(), redaction, target);
      if (!verdict.allowed) throw forbidden(verdict.reason);
      const draft = { type: 'm.room.redaction', sender: userId, content, redacts: target.eventId, originServerTs };
      return turn.append([draft], { contribute });
    });
    return (await finish())[0]!.event;
  }

  /** Moderators who clean up after others have a limit of their own. */
  #limit({ requester, ip }: Caller, target: StoredEvent | undefined): void | Promise<void> {
    const isOthers = target !== undefined && target.sender !== requester.userId;
    return this.deps.limits.takeFor(isOthers ? 'rc_admin_redaction' : 'rc_message', requester, ip);
  }
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
