import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import { CanonicalJsonError, encodeCanonicalJson } from '#protocol/canonical-json/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import { authorizeEvent, isJudgedBySender, selectAuthEvents } from '#protocol/event-auth/index.ts';
import {
  buildPdu,
  type EventReference,
  MAX_PREV_EVENTS,
  type Pdu,
  type RoomEvent,
  referencedIds,
  referenceHashBase64,
} from '#protocol/events/index.ts';
import type { EventId, RoomId, ServerName } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { SigningKey } from '#protocol/signing/index.ts';
import type { Draft } from './draft.ts';
import type { EventStore } from './event-store.ts';
import type { HotRoom } from './hot-room.ts';
import { type SealedDraft, sealDraft } from './seal-draft.ts';
import type { StoredEvent } from './stored-event.ts';

export interface Signer {
  readonly serverName: ServerName;
  readonly key: SigningKey;
  readonly clock: Clock;
  readonly random: Random;
}

/** A draft turned into the room's next event: authorized, hashed, signed, not stored. */
export interface SignedEvent extends SealedDraft {
  readonly content: JsonObject;
  readonly depth: number;
  readonly originServerTs: number;
  /** The events of its `auth_events`. */
  readonly authEvents: readonly StoredEvent[];
}

/** What stands in for the proofs of an event that is being made. */
const NO_PROOFS = { hashes: { sha256: '' }, signatures: {} };

/**
 * Builds the event on the room's current state, in the order of the checks that a server makes of its own events; at once where
 * the sender has been allowed the same at this state.
 * @throws MatrixError 403 `M_FORBIDDEN` if the auth rules refuse it; 413 `M_TOO_LARGE`; 400 `M_BAD_JSON` for content that the
 *   room version cannot hold.
 */
export function createEvent(draft: Draft, room: HotRoom, signer: Signer): SignedEvent | Promise<SignedEvent> {
  const allowedBefore = isJudgedBySender(draft) ? room.groundsOf(draft.sender, draft.type) : undefined;
  return allowedBefore === undefined
    ? createAuthorized(draft, room, signer)
    : seal(layOut(draft, allowedBefore, room, signer), allowedBefore, room, signer);
}

async function createAuthorized(draft: Draft, room: HotRoom, signer: Signer): Promise<SignedEvent> {
  const authEvents = await authEventsOf(draft, room);
  const pdu = layOut(draft, authEvents, room, signer);
  await authorize(toAuthorize(pdu, room.identity.roomId, draft.redacts), room);
  if (isJudgedBySender(draft)) room.rememberGrounds(draft.sender, draft.type, authEvents);
  return seal(pdu, authEvents, room, signer);
}

function layOut(draft: Draft, authEvents: readonly StoredEvent[], room: HotRoom, signer: Signer): Pdu {
  const { rules, roomId } = room.identity;
  const { type, stateKey, sender, content, redacts } = draft;
  const isCreate = type === 'm.room.create' && stateKey === '';
  const previous = room.extremities.slice(-MAX_PREV_EVENTS);
  const laidOut = buildPdu(
    {
      type,
      stateKey,
      sender,
      content,
      redacts,
      roomId: isCreate && rules.roomIdIsCreateHash ? undefined : roomId,
      originServerTs: draft.originServerTs ?? signer.clock.now(),
      depth: previous.reduce((depth, { depth: other }) => Math.max(depth, other), 0) + 1,
      prevEvents: previous.map(({ eventId, sha256 }) => (sha256 === undefined ? { eventId } : { eventId, sha256 })),
      authEvents: authEvents.map(referenceTo),
    },
    { rules, ...(rules.eventIdFormat === 'opaque' ? { eventId: freshEventId(signer) } : {}) },
  );
  return Object.assign(laidOut, NO_PROOFS) as Pdu;
}

function seal(pdu: Pdu, authEvents: readonly StoredEvent[], room: HotRoom, signer: Signer): SignedEvent {
  const sealed = sealDraft(pdu, signer, room.identity.rules);
  return { ...sealed, content: pdu.content, depth: pdu.depth, originServerTs: pdu.origin_server_ts, authEvents };
}

/** The events in force that a draft's event names as its auth events. All that its auth rules look at is loaded then. */
async function authEventsOf({ type, stateKey, sender, content }: Draft, room: HotRoom): Promise<StoredEvent[]> {
  const keys = selectAuthEvents({ type, stateKey, sender, content }, room.identity.rules);
  await room.state.preload([...keys, ['m.room.create', '']]);
  return keys.map((key) => room.state.peek(...key)).filter((event) => event !== undefined);
}

/** @throws MatrixError 403 `M_FORBIDDEN` if the auth rules refuse the event at the room's state. */
async function authorize(event: RoomEvent, room: HotRoom): Promise<void> {
  const powerLevels = event.type === 'm.room.create' ? undefined : await room.powerLevels();
  const verdict = authorizeEvent(
    event,
    { get: (type, stateKey) => room.state.peek(type, stateKey)?.asSent, powerLevels },
    room.identity.rules,
  );
  if (!verdict.allowed) throw new MatrixError('M_FORBIDDEN', verdict.reason);
}

/** The event as the auth rules look at it: without its signature, and without an id where that is a hash. */
function toAuthorize(pdu: Pdu, roomId: RoomId, redacts: EventId | undefined): RoomEvent {
  return {
    eventId: (pdu.event_id ?? '') as EventId,
    roomId,
    type: pdu.type,
    stateKey: pdu.state_key,
    sender: pdu.sender,
    content: pdu.content,
    originServerTs: pdu.origin_server_ts,
    depth: pdu.depth,
    prevEventIds: referencedIds(pdu.prev_events),
    authEventIds: referencedIds(pdu.auth_events),
    redacts,
    pdu,
  };
}

/** The state event in force that the draft would only repeat, if there is one. */
export async function findEqualState(
  draft: Draft,
  room: HotRoom,
  events: EventStore,
): Promise<StoredEvent | undefined> {
  if (draft.stateKey === undefined) return undefined;
  const inForce = await room.state.get(draft.type, draft.stateKey);
  // The hot room may hold it as it was before a redaction.
  const current = inForce === undefined ? undefined : await events.byNid(inForce.nid);
  if (current === undefined || current.sender !== draft.sender || current.redactedBy !== undefined) return undefined;
  return isSameContent(current.content, draft.content) ? current : undefined;
}

function isSameContent(stored: JsonObject, drafted: JsonObject): boolean {
  try {
    return encodeCanonicalJson(stored) === encodeCanonicalJson(drafted);
  } catch (error) {
    // The draft holds what no event can; making the event says what.
    if (error instanceof CanonicalJsonError) return false;
    throw error;
  }
}

function freshEventId(signer: Signer): EventId {
  return `$${signer.random.text(18)}:${signer.serverName}` as EventId;
}

function referenceTo(event: StoredEvent): EventReference {
  const { eventId, rules } = event;
  return rules.eventReferences === 'pairs' ? { eventId, sha256: referenceHashBase64(event.pdu, rules) } : { eventId };
}
