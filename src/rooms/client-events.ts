import type { ByteCache } from '#platform/cache/index.ts';
import type { Clock } from '#platform/clock/index.ts';
import { clientEventText, redactRoomEvent, toClientEvent } from '#protocol/events/index.ts';
import type { Membership } from '#protocol/history-visibility/index.ts';
import type { DeviceId, EventId, UserId } from '#protocol/identifiers/index.ts';
import type { EventStore } from './event-store.ts';
import { ERASED, type StoredEvent } from './stored-event.ts';

/** Who reads, as far as answers differ between readers. */
export interface EventReader {
  readonly userId: UserId;
  readonly deviceId: DeviceId | undefined;
}

/** What other slices know of an event and tell its readers in `unsigned`. */
export interface UnsignedSources {
  /** The transaction ids under which this very device sent events. */
  transactionIds(events: readonly StoredEvent[], reader: EventReader): Promise<ReadonlyMap<number, string>>;
  /** Bundled aggregations, as the JSON text of `m.relations`, by interned event id. */
  aggregations(events: readonly StoredEvent[], reader: EventReader): Promise<ReadonlyMap<number, string>>;
  /** Whether it is known that an event has none, whoever reads. */
  hasNoAggregations?(event: StoredEvent): boolean;
}

export interface SerializeOptions {
  readonly reader: EventReader;
  /** `/sync` names the room elsewhere. */
  readonly withoutRoomId?: boolean;
  readonly format?: 'client' | 'federation';
  /** The reader's membership at each event, where it is known; told in `unsigned.membership`. */
  readonly memberships?: ReadonlyMap<number, Membership>;
  /** Left off where the spec has none: state sections, for one. */
  readonly withAggregations?: boolean;
}

/**
 * Events as the JSON text that clients read. The part that is the same for everybody is made once and cached; what differs
 * is spliced in.
 */
export class ClientEvents {
  constructor(
    private readonly events: EventStore,
    private readonly cache: ByteCache<string, string>,
    private readonly clock: Clock,
    private readonly sources: UnsignedSources,
  ) {}

  /** The texts of the events, in order. */
  async serialize(events: readonly StoredEvent[], options: SerializeOptions): Promise<string[]> {
    const { reader } = options;
    const transactionIds = await this.sources.transactionIds(events, reader);
    const bundled = options.withAggregations === false ? undefined : await this.sources.aggregations(events, reader);
    const texts: string[] = [];
    for (const event of events) {
      const because = event.redactedBy === undefined ? undefined : await this.#redaction(event.redactedBy, reader);
      const unsigned = this.#unsigned(event, {
        because,
        transactionId: transactionIds.get(event.nid),
        relations: bundled?.get(event.nid),
        membership: options.memberships?.get(event.nid),
      });
      texts.push(this.#complete(event, unsigned, options));
    }
    return texts;
  }

  /** One event's text. */
  async serializeOne(event: StoredEvent, options: SerializeOptions): Promise<string> {
    return (await this.serialize([event], options))[0]!;
  }

  /** Whether readers with the same membership are told the same of the event, its sender excepted. */
  isCommon(event: StoredEvent): boolean {
    return event.redactedBy === undefined && this.sources.hasNoAggregations?.(event) === true;
  }

  #complete(event: StoredEvent, unsigned: string, options: SerializeOptions): string {
    const base = options.format === 'federation' ? federationText(event) : this.#base(event);
    const roomId =
      options.withoutRoomId === true || options.format === 'federation'
        ? ''
        : `,"room_id":${JSON.stringify(event.roomId)}`;
    return `${base.slice(0, -1)}${roomId}${unsigned === '' ? '' : `,"unsigned":{${unsigned}}`}}`;
  }

  /** The text without `room_id` and `unsigned`. A redaction makes another text, never a stale one. */
  #base(event: StoredEvent): string {
    const key = event.redactedBy === undefined ? event.eventId : `${event.eventId} ${event.redactedBy}`;
    const cached = this.cache.get(key);
    if (cached !== undefined) return cached;
    const text =
      event.redactedBy === undefined ? plainText(event) : clientEventText(redactRoomEvent(event, event.rules));
    this.cache.set(key, text, 2 * text.length + 100);
    return text;
  }

  #unsigned(
    event: StoredEvent,
    parts: {
      readonly because: string | undefined;
      readonly transactionId: string | undefined;
      readonly relations: string | undefined;
      readonly membership: Membership | undefined;
    },
  ): string {
    let text = `"age":${Math.max(0, this.clock.now() - event.originServerTs)}`;
    if (event.unsignedText !== undefined && event.unsignedText !== '{}') text += `,${event.unsignedText.slice(1, -1)}`;
    if (parts.membership !== undefined) text += `,"membership":"${parts.membership}"`;
    if (parts.transactionId !== undefined) text += `,"transaction_id":${JSON.stringify(parts.transactionId)}`;
    if (parts.relations !== undefined) text += `,"m.relations":${parts.relations}`;
    if (parts.because !== undefined) text += `,"redacted_because":${parts.because}`;
    return text;
  }

  async #redaction(eventId: EventId, reader: EventReader): Promise<string | undefined> {
    const redaction = eventId === ERASED ? undefined : await this.events.byId(eventId);
    if (redaction === undefined) return undefined;
    const transactionIds = await this.sources.transactionIds([redaction], reader);
    const parts = {
      because: undefined,
      transactionId: transactionIds.get(redaction.nid),
      relations: undefined,
      membership: undefined,
    };
    return this.#complete(redaction, this.#unsigned(redaction, parts), { reader });
  }
}

/** As `clientEventText`, splicing the stored content instead of parsing and writing it again. */
function plainText(event: StoredEvent): string {
  if (event.type === 'm.room.redaction') return clientEventText(event);
  const stateKey = event.stateKey === undefined ? '' : `,"state_key":${JSON.stringify(event.stateKey)}`;
  return (
    `{"type":${JSON.stringify(event.type)},"content":${event.contentText},"event_id":${JSON.stringify(event.eventId)},` +
    `"sender":${JSON.stringify(event.sender)},"origin_server_ts":${event.originServerTs}${stateKey}}`
  );
}

function federationText(event: StoredEvent): string {
  const shown = event.redactedBy === undefined ? event : redactRoomEvent(event, event.rules);
  return JSON.stringify(toClientEvent(shown, { format: 'federation' }));
}
