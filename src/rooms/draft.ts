import type { StreamBatch } from '#platform/streams/ports.ts';
import type { EventId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { HotRoom } from './hot-room.ts';
import type { RoomIdentity } from './room-directory.ts';
import type { StateChange } from './state-view.ts';
import type { StoredEvent } from './stored-event.ts';

/** An event that a local user wants in a room: everything else about it follows from the room's state. */
export interface Draft {
  readonly type: string;
  /** Set for state events. */
  readonly stateKey?: string | undefined;
  readonly sender: UserId;
  readonly content: JsonObject;
  readonly redacts?: EventId | undefined;
  /** Milliseconds since the epoch; now if left out. Only appservices may say. */
  readonly originServerTs?: number | undefined;
}

/** What a slice adds to the batch that persists an event: rows that must exist exactly if the event does. */
export type Contribution = (batch: StreamBatch, event: StoredEvent) => void;

/** A slice that has something to store with events (relations, push counts, search index). Registered in the composition root. */
export interface EventHook {
  /**
   * Called in the room's queue, before the batch is built, for every event that will take a place in the timeline. It may
   * look things up; a hot room's sends wait for it. `room` is the room before the event. For what follows from the event
   * itself, whatever becomes of it: what follows from the room's state is for `prepareState`.
   */
  prepare?(
    event: NewEvent,
    room: HotRoom,
    place: EventPlace,
  ): Contribution | undefined | Promise<Contribution | undefined>;
  /**
   * Called after `prepare` where the room's current state changes: with every change of an entry, be it by the event itself,
   * by resolution of forks that it brings together, or by a redaction of the event in force, of which `after` is what is
   * left. An event that loses resolution changes nothing; one that fails softly may come into force long after it came.
   * `room` is the room before the event.
   */
  prepareState?(
    changes: readonly StateChange[],
    room: HotRoom,
  ): Contribution | undefined | Promise<Contribution | undefined>;
  /**
   * Called once the event is durable, before anyone is woken: for what is kept in memory of the event itself. A state event
   * may not be in force: see `stateChanged`. Must not throw.
   */
  committed?(event: StoredEvent): void;
  /** As `committed`, with every change of which event is in force, whether by that event or by resolution alone. */
  stateChanged?(changes: readonly CurrentStateChange[]): void;
}

/** What an event does to the room. */
export interface EventPlace {
  /** Not so for a state event that loses against that of another fork: it is in the timeline and changes nothing. */
  readonly isInForce: boolean;
  /** The event that it, a redaction, takes effect on: as redacted. */
  readonly redacted: StoredEvent | undefined;
}

/** A change of one entry of a room's current state. */
export interface CurrentStateChange extends StateChange {
  readonly room: RoomIdentity;
  /** Stream position of the change. */
  readonly position: number;
}

/** An event that has passed all checks and is about to be stored. */
export type NewEvent = Omit<StoredEvent, 'position'>;

export interface AppendOptions {
  /** A state event equal to the one in force is not sent again: the old one is answered. On unless switched off. */
  readonly deduplicate?: boolean;
  /** Stored with the last of the events. */
  readonly contribute?: Contribution | undefined;
}

/** What became of a draft. */
export interface Appended {
  readonly event: StoredEvent;
  /** It equalled the state event in force, which is answered instead. */
  readonly deduplicated: boolean;
}
