import type { RoomEvent } from '#protocol/events/index.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import type { Appended, AppendOptions, Draft } from './draft.ts';
import type { Extremity, HotRoom } from './hot-room.ts';
import type { CheckedEvent } from './incoming-pdu.ts';
import type { Outcome } from './reception.ts';
import type { ResolvedRoot } from './state-resolver.ts';

/** What the actor of a room does for whose turn it is. */
export interface TurnActions {
  append(room: HotRoom, drafts: readonly Draft[], options: AppendOptions): Promise<() => Promise<Appended[]>>;
  preview(room: HotRoom, draft: Draft): Promise<EventId>;
  receive(
    room: HotRoom,
    outliers: readonly RoomEvent[],
    events: readonly CheckedEvent[],
  ): Promise<() => Promise<Outcome[]>>;
  resolve(room: HotRoom, extremities: readonly Extremity[]): Promise<ResolvedRoot>;
  dropExtremities(room: HotRoom, kept: readonly Extremity[]): Promise<() => Promise<void>>;
}

/** A task's hold on a room: nobody else writes to it meanwhile. */
export class RoomTurn {
  constructor(
    private readonly actor: TurnActions,
    readonly room: HotRoom,
  ) {}

  /**
   * Appends events, each built on the one before, in one batch: all or none. Resolves, still within the turn, once they
   * are on their way; call what it answers, outside the turn, to learn when they are durable.
   * @throws MatrixError as `createEvent`; then none is stored.
   */
  append(drafts: readonly Draft[], options: AppendOptions = {}): Promise<() => Promise<Appended[]>> {
    return this.actor.append(this.room, drafts, options);
  }

  /**
   * The id that the draft's event would have if it were the next: the same as later in this turn when it is appended first,
   * says its own time, and the room version has ids that are hashes.
   * @throws MatrixError as `append`.
   */
  preview(draft: Draft): Promise<EventId> {
    return this.actor.preview(this.room, draft);
  }

  /** See `RoomActor.receive`. */
  receive(outliers: readonly RoomEvent[], events: readonly CheckedEvent[]): Promise<() => Promise<Outcome[]>> {
    return this.actor.receive(this.room, outliers, events);
  }

  /** The state that extremities come together in, and those of its nodes that may not be stored. */
  resolve(extremities: readonly Extremity[]): Promise<ResolvedRoot> {
    return this.actor.resolve(this.room, extremities);
  }

  /** See `RoomActor.dropExtremities`. */
  keepExtremities(kept: readonly Extremity[]): Promise<() => Promise<void>> {
    return this.actor.dropExtremities(this.room, kept);
  }
}
