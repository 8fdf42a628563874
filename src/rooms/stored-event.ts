import { type EventReferences, type Pdu, type RoomEvent, toRoomEvent } from '#protocol/events/index.ts';
import { type EventId, parseEventId, type RoomId, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';
import { redactedContent } from '#protocol/redaction/index.ts';
import type { RoomVersionRules } from '#protocol/room-versions/index.ts';
import type { SignedText } from '#protocol/signing/index.ts';
import { decodeRest, encodeRest } from './pdu-rest.ts';
import { rootFromBytes, type StateRoot } from './state-tree/node.ts';
import type { EventStatus, RoomTables } from './tables.ts';

export type EventRow = RoomTables['events'];

/** A row that is being written. Its place is given by the batch; one of ours is signed on the way to the disk. */
export type NewEventRow = Omit<EventRow, 'position' | 'rest'> & { readonly rest: string | SignedText };

/** PDU keys that have a column of their own; the rest is in `events.rest`. */
const COLUMN_KEYS: ReadonlySet<string> = new Set([
  'type',
  'room_id',
  'sender',
  'event_id',
  'state_key',
  'content',
  'origin_server_ts',
  'depth',
  'unsigned',
]);

/** Stands for the redaction in what is shown of an erased user's event: there is none. */
export const ERASED = '' as EventId;

/** An event as the database holds it. Its JSON is parsed only when somebody asks for what is in it. */
export class StoredEvent implements RoomEvent {
  readonly nid: number;
  readonly roomNid: number;
  readonly eventId: EventId;
  readonly type: string;
  readonly stateKey: string | undefined;
  readonly sender: UserId;
  readonly originServerTs: number;
  readonly depth: number;
  readonly status: EventStatus;
  readonly redactedBy: EventId | undefined;
  /** Of state events: see `AuthNode.authRank`. */
  readonly authRank: number | undefined;
  readonly contentText: string;
  readonly #rest: string | SignedText;
  readonly #unsigned: string | null;
  readonly #stateBeforeBytes: Uint8Array | null;
  readonly #stateAfterBytes: Uint8Array | null;
  #stateBefore: StateRoot | undefined;
  #stateAfter: StateRoot | undefined;
  #position: number | undefined;
  #content: JsonObject | undefined;
  #redactedContent: JsonObject | undefined;
  #restParsed: JsonObject | undefined;

  /** `content` is what the row's text of it says, where that is at hand. */
  constructor(
    row: NewEventRow & Partial<Pick<EventRow, 'position'>>,
    readonly roomId: RoomId,
    readonly rules: RoomVersionRules,
    content?: JsonObject,
  ) {
    this.nid = row.event_nid;
    this.roomNid = row.room_nid;
    this.eventId = row.event_id as EventId;
    this.type = row.type;
    this.stateKey = row.state_key ?? undefined;
    this.sender = row.sender as UserId;
    this.originServerTs = row.origin_server_ts;
    this.depth = row.depth;
    this.#position = row.position ?? undefined;
    this.status = row.status as EventStatus;
    this.#stateBeforeBytes = row.state_before;
    this.#stateAfterBytes = row.state_after;
    this.redactedBy = (row.redacted_by as EventId | null) ?? undefined;
    this.authRank = row.auth_rank ?? undefined;
    this.contentText = row.content;
    this.#rest = row.rest;
    this.#unsigned = row.unsigned;
    this.#content = content;
  }

  /** Place in the room's timeline; `undefined` for what is not part of it, and for what has not been stored yet. */
  get position(): number | undefined {
    return this.#position;
  }

  /** The state before it; `undefined` for outliers. */
  get stateBefore(): StateRoot | undefined {
    if (this.#stateBeforeBytes === null) return undefined;
    this.#stateBefore ??= rootFromBytes(this.#stateBeforeBytes);
    return this.#stateBefore;
  }

  get stateAfter(): StateRoot | undefined {
    if (this.#stateAfterBytes === null) return this.stateBefore;
    this.#stateAfter ??= rootFromBytes(this.#stateAfterBytes);
    return this.#stateAfter;
  }

  /** Gives an event that is being stored its place. */
  place(position: number): void {
    this.#position = position;
  }

  /** Of a redacted event, what the redaction left. `contentText` and `pdu` are as sent. */
  get content(): JsonObject {
    if (this.redactedBy === undefined) return this.#sentContent();
    this.#redactedContent ??= redactedContent(this.type, this.#sentContent(), this.rules);
    return this.#redactedContent;
  }

  get prevEventIds(): readonly EventId[] {
    return idsOf(this.#parsedRest().prev_events as unknown as EventReferences);
  }

  get authEventIds(): readonly EventId[] {
    return idsOf(this.#parsedRest().auth_events as unknown as EventReferences);
  }

  get redacts(): EventId | undefined {
    if (this.type !== 'm.room.redaction') return undefined;
    const target = this.rules.redactsInContent ? this.#sentContent().redacts : this.#parsedRest().redacts;
    return typeof target === 'string' ? parseEventId(target) : undefined;
  }

  /** The event as its sender made it: what auth rules and state resolution look at, whenever a redaction came. */
  get asSent(): RoomEvent {
    return this.redactedBy === undefined ? this : toRoomEvent(this.pdu, this.rules, { eventId: this.eventId });
  }

  /** The event once a redaction has taken effect on it. */
  redactedWith(redaction: EventId): StoredEvent {
    const row = {
      event_nid: this.nid,
      event_id: this.eventId,
      room_nid: this.roomNid,
      position: this.position ?? null,
      depth: this.depth,
      type: this.type,
      state_key: this.stateKey ?? null,
      sender: this.sender,
      origin_server_ts: this.originServerTs,
      status: this.status,
      state_before: this.#stateBeforeBytes,
      state_after: this.#stateAfterBytes,
      redacted_by: redaction,
      content: this.contentText,
      rest: this.#rest,
      // What an erased user's state was before is theirs as well.
      unsigned: redaction === ERASED ? null : this.#unsigned,
      auth_rank: this.authRank ?? null,
    };
    return new StoredEvent(row, this.roomId, this.rules, this.#content);
  }

  /** What `unsigned` holds for every reader. */
  get unsigned(): JsonObject | undefined {
    return this.#unsigned === null ? undefined : (JSON.parse(this.#unsigned) as JsonObject);
  }

  /** As `unsigned`, as text: `undefined` where there is none. */
  get unsignedText(): string | undefined {
    return this.#unsigned ?? undefined;
  }

  get isState(): boolean {
    return this.stateKey !== undefined;
  }

  /** Rough memory it takes, for the cache's budget. */
  get sizeBytes(): number {
    const toSign = typeof this.#rest === 'string' ? 0 : this.#rest.message.length;
    return 2 * (this.contentText.length + this.#rest.length + toSign + (this.#unsigned?.length ?? 0)) + 500;
  }

  /** The event as servers exchange it, laid out anew. */
  get pdu(): Pdu {
    const { type, sender } = this;
    const rest = this.#parsedRest();
    return {
      ...rest,
      ...(this.rules.eventIdFormat === 'opaque' ? { event_id: this.eventId } : {}),
      ...(this.rules.roomIdIsCreateHash && type === 'm.room.create' && this.stateKey === ''
        ? {}
        : { room_id: this.roomId }),
      ...(this.stateKey === undefined ? {} : { state_key: this.stateKey }),
      type,
      sender,
      content: this.#sentContent(),
      depth: rest.depth ?? this.depth,
      origin_server_ts: rest.origin_server_ts ?? this.originServerTs,
    } as unknown as Pdu;
  }

  #sentContent(): JsonObject {
    this.#content ??= JSON.parse(this.contentText) as JsonObject;
    return this.#content;
  }

  #parsedRest(): JsonObject {
    const text = typeof this.#rest === 'string' ? this.#rest : this.#rest.text;
    this.#restParsed ??= decodeRest(text, serverNameOf(this.sender));
    return this.#restParsed;
  }
}

/** The texts that `events` keeps of a PDU. */
export function splitPdu(pdu: Pdu, rules: RoomVersionRules): { readonly content: string; readonly rest: string } {
  const rest: Record<string, JsonValue> = {};
  for (const key of Object.keys(pdu)) if (!hasColumn(key, pdu, rules)) rest[key] = pdu[key] as JsonValue;
  return { content: JSON.stringify(pdu.content), rest: encodeRest(rest, serverNameOf(pdu.sender)) };
}

function hasColumn(key: string, pdu: Pdu, rules: RoomVersionRules): boolean {
  // The columns hold these only as far as integers are safe; up to room version 5 they may be larger.
  if (key === 'depth' || key === 'origin_server_ts') return Number.isSafeInteger(pdu[key]);
  // Where ids are hashes, a key of that name is just one more that was hashed.
  if (key === 'event_id') return rules.eventIdFormat === 'opaque';
  return COLUMN_KEYS.has(key);
}

/** Event ids of `prev_events` or `auth_events`, in either wire form. */
function idsOf(references: EventReferences): readonly EventId[] {
  return references.map((reference) => (typeof reference === 'string' ? reference : reference[0]) as EventId);
}
