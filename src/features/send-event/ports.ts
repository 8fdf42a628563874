import type { Requester } from '#api/requester.ts';
import type { Random } from '#platform/random/index.ts';
import type { EventId, RoomId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { EventStore, EventTransactions, RoomDirectory, RoomEngine, StoredEvent } from '#rooms/index.ts';

/** Who asks, and from where. */
export interface Caller {
  readonly requester: Requester;
  readonly ip: string;
}

export interface SendEventDeps {
  readonly engine: RoomEngine;
  readonly rooms: RoomDirectory;
  readonly events: EventStore;
  readonly transactions: EventTransactions;
  readonly serverName: ServerName;
  readonly random: Random;
  /** A member event sent as state is a change of membership, with its own rules. `undefined`: nothing was sent. */
  readonly changeMembership: (
    caller: Caller,
    change: {
      readonly roomId: RoomId;
      readonly target: UserId;
      readonly content: JsonObject;
      readonly originServerTs: number | undefined;
    },
  ) => Promise<StoredEvent | undefined>;
  /** A redaction sent as a message event. Idempotent where `txnId` is given. */
  readonly redact: (
    caller: Caller,
    redaction: {
      readonly roomId: RoomId;
      readonly redacts: string;
      readonly content: JsonObject;
      readonly txnId: string | undefined;
      readonly originServerTs: number | undefined;
    },
  ) => Promise<EventId>;
  /** Throws (`M_BAD_ALIAS`, `M_INVALID_PARAM`) unless the aliases that `content` adds to `previous` are of this room. */
  readonly checkCanonicalAlias: (
    roomId: RoomId,
    content: JsonObject,
    previous: JsonObject | undefined,
  ) => Promise<void>;
  /** Whether the sender has annotated the event with this key already. */
  readonly isDuplicateAnnotation: (
    roomId: RoomId,
    sender: UserId,
    parent: EventId,
    key: string,
    type: string,
  ) => Promise<boolean>;
}
