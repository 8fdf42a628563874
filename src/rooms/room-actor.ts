import type { Sequences } from '#platform/storage/ports.ts';
import type { StreamBatch, Streams } from '#platform/streams/ports.ts';
import type { EventId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { createEvent, findEqualState, type SignedEvent, type Signer } from './create-event.ts';
import type { Appended, AppendOptions, Contribution, Draft, EventHook } from './draft.ts';
import type { Extremity, HotRoom } from './hot-room.ts';
import {
  addRoom,
  extremityOf,
  isLocalTo,
  type PendingEvent,
  type PersistStores,
  persistEvent,
  redactionTarget,
  unsignedOf,
} from './persist.ts';
import { type HashedNode, rootToBytes } from './state-tree/node.ts';
import type { StateKeyStore } from './state-tree/state-key-store.ts';
import { updateTree } from './state-tree/tree.ts';
import { type EventRow, StoredEvent } from './stored-event.ts';
import { EventStatus } from './tables.ts';

export interface ActorDependencies extends PersistStores {
  readonly streams: Streams;
  readonly sequences: Sequences;
  readonly stateKeys: StateKeyStore;
  readonly signer: Signer;
  readonly hooks: readonly EventHook[];
}

/** One event of a batch under way. */
interface Step {
  readonly pending: PendingEvent;
  /** The event without its position, which only the batch can give. */
  readonly event: StoredEvent;
  readonly previous: readonly Extremity[];
  readonly contributions: readonly Contribution[];
}

/**
 * All writes to one room, one after the other. The next event is built as soon as the one before has been handed to the
 * database; should that one's commit fail, the premise of the next fails too, and the room is loaded anew.
 */
export class RoomActor {
  #tail: Promise<unknown> = Promise.resolve();
  #room: HotRoom | undefined;
  #isNew: boolean;
  /** Batches handed to the database, neither committed nor failed yet, and who waits for there to be none. */
  #batches = 0;
  #onSettled: (() => void) | undefined;
  /** Turns queued or running, and batches under way. Only an actor without any may be dropped: its room is as committed. */
  pendingCount = 0;

  /** `load` reads the room as committed. With `fresh`, the room does not exist yet: its first batch makes it. */
  constructor(
    private readonly dependencies: ActorDependencies,
    private readonly load: () => Promise<HotRoom>,
    fresh?: HotRoom,
  ) {
    this.#room = fresh;
    this.#isNew = fresh !== undefined;
  }

  /**
   * Runs `task` alone with the room. What it answers may hold promises of commits under way: they are awaited outside the
   * queue, by the caller.
   */
  run<T>(task: (turn: RoomTurn) => Promise<T>): Promise<T> {
    this.pendingCount++;
    const result = this.#tail.then(async () => task(new RoomTurn(this, this.#room ?? (await this.#reload()))));
    this.#tail = result.then(
      () => this.pendingCount--,
      () => this.pendingCount--,
    );
    return result;
  }

  /** See `RoomTurn.preview`. */
  async preview(room: HotRoom, draft: Draft): Promise<EventId> {
    return (await createEvent(draft, room, this.dependencies.signer)).eventId;
  }

  /** See `RoomTurn.append`. Only while a turn runs. */
  async append(room: HotRoom, drafts: readonly Draft[], options: AppendOptions): Promise<() => Promise<Appended[]>> {
    const outcome: Appended[] = [];
    const steps: Step[] = [];
    try {
      for (const draft of drafts) {
        const equal =
          options.deduplicate === false ? undefined : await findEqualState(draft, room, this.dependencies.events);
        if (equal !== undefined) {
          outcome.push({ event: equal, deduplicated: true });
          continue;
        }
        const step = await this.#build(draft, room);
        steps.push(step);
        outcome.push({ event: step.event, deduplicated: false });
      }
    } catch (error) {
      // Nothing was stored; the steps built so far must not stay in memory, and the room that they moved is of no use.
      this.dependencies.stateTrees.settle(nodesOf(steps), false);
      if (steps.length > 0) this.#drop(room);
      throw error;
    }
    const committed = this.#commit(room, steps, options.contribute);
    return async () => {
      const events = await committed;
      let index = 0;
      return outcome.map((one) => (one.deduplicated ? one : { event: events[index++]!, deduplicated: false }));
    };
  }

  /** The room as committed, once nothing is under way that could still change it. */
  async #reload(): Promise<HotRoom> {
    if (this.#batches > 0) {
      await new Promise<void>((resolve) => {
        this.#onSettled = resolve;
      });
    }
    this.#room = await this.load();
    return this.#room;
  }

  /** Forgets a hot room that has moved past what is stored. Another may have taken its place already. */
  #drop(room: HotRoom): void {
    if (this.#room === room) this.#room = undefined;
  }

  /** Takes the next event through checks, signature and state, and moves the hot room past it. */
  async #build(draft: Draft, room: HotRoom): Promise<Step> {
    const { stateTrees, serverName, hooks } = this.dependencies;
    const signed = await createEvent(draft, room, this.dependencies.signer);
    const previous = room.extremities;
    const pending = await this.#prepare(draft, signed, room);
    const event = new StoredEvent({ ...pending.row, position: null }, room.identity.roomId, room.identity.rules);
    const contributions: Contribution[] = [];
    for (const hook of hooks) {
      const prepared = hook.prepare?.(event, room);
      const contribution = prepared instanceof Promise ? await prepared : prepared;
      if (contribution !== undefined) contributions.push(contribution);
    }
    stateTrees.stage(pending.nodes);
    if (event.isState) this.dependencies.events.stage(event);
    room.advance(event, extremityOf(event), isLocalTo(serverName));
    return { pending, event, previous, contributions };
  }

  async #prepare(draft: Draft, signed: SignedEvent, room: HotRoom): Promise<PendingEvent> {
    const { sequences, stateKeys, stateTrees, events } = this.dependencies;
    const { nid: roomNid } = room.identity;
    const row = {
      event_nid: sequences.next('event'),
      event_id: signed.eventId,
      room_nid: roomNid,
      depth: signed.depth,
      type: draft.type,
      state_key: draft.stateKey ?? null,
      sender: draft.sender,
      origin_server_ts: signed.originServerTs,
      status: EventStatus.normal,
      state_before: rootToBytes(room.root),
      state_after: null,
      redacted_by: null,
      content: signed.contentText,
      rest: signed.restText,
      unsigned: null,
    } satisfies Omit<EventRow, 'position'>;
    if (draft.stateKey === undefined) {
      const redactsNow = await redactionTarget({ redacts: draft.redacts, sender: draft.sender }, room, events);
      return { row, nodes: [], change: undefined, redactsNow };
    }
    const stateKeyNid = await stateKeys.intern(draft.type, draft.stateKey);
    const previous = await room.state.get(draft.type, draft.stateKey);
    const next = await updateTree(stateTrees.nodesOf(roomNid), room.root, new Map([[stateKeyNid, row.event_nid]]));
    const unsigned: JsonObject | undefined = unsignedOf(previous);
    return {
      row: {
        ...row,
        state_after: rootToBytes(next.root),
        unsigned: unsigned === undefined ? null : JSON.stringify(unsigned),
      },
      nodes: next.created,
      change: { stateKeyNid, previous },
      redactsNow: undefined,
    };
  }

  #commit(room: HotRoom, steps: readonly Step[], contribute: Contribution | undefined): Promise<StoredEvent[]> {
    if (steps.length === 0) return Promise.resolve([]);
    const { streams, events, stateTrees, hooks } = this.dependencies;
    const isNew = this.#isNew;
    this.#isNew = false;
    const nodes = nodesOf(steps);
    const { root } = room;
    const committed = streams.commit((batch) => {
      if (isNew) addRoom(batch, room, root);
      const stored = steps.map((step) => persistStep(batch, step, this.dependencies));
      contribute?.(batch, stored.at(-1)!);
      batch.afterCommit(() => {
        stateTrees.settle(nodes, true);
        for (const event of stored) {
          events.remember(event);
          for (const hook of hooks) hook.committed?.(event);
        }
      });
      batch.wake({ roomId: room.identity.roomId }, ...steps.flatMap(({ event }) => wokenUsers(event)));
      return stored;
    });
    const outcome = committed.catch((error: unknown) => {
      stateTrees.settle(nodes, false);
      this.#drop(room);
      throw error;
    });
    this.#track(outcome);
    return outcome;
  }

  #track(batch: Promise<unknown>): void {
    this.pendingCount++;
    this.#batches++;
    const done = () => {
      this.pendingCount--;
      this.#batches--;
      if (this.#batches === 0) this.#onSettled?.();
    };
    batch.then(done, done);
  }
}

/** A task's hold on a room: nobody else writes to it meanwhile. */
export class RoomTurn {
  constructor(
    private readonly actor: RoomActor,
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
}

function persistStep(batch: StreamBatch, step: Step, stores: PersistStores): StoredEvent {
  const { pending, event, previous, contributions } = step;
  const stored = new StoredEvent({ ...pending.row, position: batch.nextPosition() }, event.roomId, event.rules);
  persistEvent(batch, pending, stored, previous, stores);
  for (const contribution of contributions) contribution(batch, stored);
  return stored;
}

function nodesOf(steps: readonly Step[]): HashedNode[] {
  return steps.flatMap((step) => [...step.pending.nodes]);
}

/** A user whose membership changed learns of it also where they are not (or no longer) in the room. */
function wokenUsers(event: StoredEvent): { readonly userId: UserId }[] {
  return event.type === 'm.room.member' && event.stateKey !== undefined ? [{ userId: event.stateKey as UserId }] : [];
}
