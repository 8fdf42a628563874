import { BatchConflict } from '#platform/storage/index.ts';
import type { StreamBatch, Streams } from '#platform/streams/ports.ts';
import { MatrixError } from '#protocol/errors.ts';
import { MAX_PREV_EVENTS, type RoomEvent } from '#protocol/events/index.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import { changeByRedaction, contributionsOf, redactedBy } from './contributions.ts';
import { createEvent, findEqualState, type Signer } from './create-event.ts';
import type { Appended, AppendOptions, Contribution, CurrentStateChange, Draft } from './draft.ts';
import { newestExtremities } from './forward-extremities.ts';
import { type Extremity, HotRoom } from './hot-room.ts';
import type { CheckedEvent } from './incoming-pdu.ts';
import {
  type Beside,
  changeBy,
  changeOf,
  endsWithin,
  eventsOf,
  moveBeside,
  persistStep,
  prepareLocal,
  type Step,
} from './local-events.ts';
import { addRoom, extremityAt, isLocalTo, type PersistStores, persistChanges } from './persist.ts';
import { persistEnds, persistReception, type RoomEnds, wokenUsers } from './persist-received.ts';
import { type Outcome, Reception, type ReceptionStores } from './reception.ts';
import { RoomTurn, type TurnActions } from './room-turn.ts';
import type { ResolvedRoot } from './state-resolver.ts';
import type { HashedNode } from './state-tree/node.ts';
import { StoredEvent } from './stored-event.ts';
import { UncommittedEvents } from './uncommitted-events.ts';

export interface ActorDependencies extends PersistStores, ReceptionStores {
  readonly streams: Streams;
  readonly signer: Signer;
}

/** Nothing comes between a local event and the state. */
const IN_FORCE = { isInForce: true, redacted: undefined };

/**
 * All writes to one room, one after the other. The next event is built as soon as the one before has been handed to the
 * database; should that one's commit fail, the premise of the next fails too, and the room is loaded anew.
 */
export class RoomActor implements TurnActions {
  #tail: Promise<unknown> = Promise.resolve();
  #room: HotRoom | undefined;
  #isNew: boolean;
  #isClosed = false;
  /** How many batches have failed. */
  #failed = 0;
  /** Batches handed to the database, neither committed nor failed yet, and who waits for there to be none. */
  #batches = 0;
  #onSettled: (() => void) | undefined;
  readonly #uncommitted: UncommittedEvents;
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
    this.#uncommitted = new UncommittedEvents(dependencies.events);
  }

  /**
   * Runs `task` alone with the room. What it answers may hold promises of commits under way: they are awaited outside the
   * queue, by the caller.
   */
  run<T>(task: (turn: RoomTurn) => Promise<T>): Promise<T> {
    this.pendingCount++;
    const result = this.#tail.then(async () => {
      const failed = this.#failed;
      try {
        return await task(new RoomTurn(this, this.#room ?? (await this.#reload())));
      } catch (error) {
        // What a batch that failed meanwhile left in memory is gone: whatever the task stumbled over, it stood on that.
        if (failed === this.#failed || error instanceof MatrixError) throw error;
        throw new BatchConflict(`built on what was not stored: ${error instanceof Error ? error.message : error}`);
      }
    });
    this.#tail = result.then(
      () => this.pendingCount--,
      () => this.pendingCount--,
    );
    return result;
  }

  /** Runs `task` once nothing is under way, and lets nobody write after it. */
  close(task: () => Promise<void>): Promise<void> {
    this.pendingCount++;
    const result = this.#tail.then(async () => {
      this.#isClosed = true;
      this.#room = undefined;
      await this.#settled();
      await task();
    });
    this.#tail = result.catch(() => undefined);
    return result.finally(() => this.pendingCount--);
  }

  /** See `RoomTurn.preview`. */
  async preview(room: HotRoom, draft: Draft): Promise<EventId> {
    return (await createEvent(draft, room, this.dependencies.signer)).eventId;
  }

  /** See `RoomTurn.append`. Only while a turn runs. */
  async append(room: HotRoom, drafts: readonly Draft[], options: AppendOptions): Promise<() => Promise<Appended[]>> {
    const outcome: Appended[] = [];
    const steps: Step[] = [];
    const staged: HashedNode[] = [];
    let beside: Beside | undefined;
    try {
      // An event can follow twenty others only: where there are more, it is built upon the newest, beside the others.
      const isCrowded = room.extremities.length > MAX_PREV_EVENTS;
      const base = isCrowded ? await this.#baseWithin(room, staged) : room;
      if (drafts.length > 1) await this.#internKeys(drafts);
      for (const draft of drafts) {
        const isState = draft.stateKey !== undefined;
        const equal =
          isState && options.deduplicate !== false
            ? await findEqualState(draft, base, this.dependencies.events)
            : undefined;
        if (equal !== undefined) {
          outcome.push({ event: equal, deduplicated: true });
          continue;
        }
        const step = await this.#build(draft, base, staged, base === room);
        steps.push(step);
        outcome.push({ event: step.event, deduplicated: false });
      }
      if (base !== room && steps.length > 0) beside = await this.#beside(room, base, steps, staged);
    } catch (error) {
      // Nothing was stored; the steps built so far must not stay in memory, and the room that they moved is of no use.
      this.#abandon(room, staged, eventsOf(steps));
      throw error;
    }
    const committed = this.#commit(room, steps, { staged, beside, contribute: options.contribute });
    return async () => {
      const events = await committed;
      let index = 0;
      return outcome.map((one) => (one.deduplicated ? one : { event: events[index++]!, deduplicated: false }));
    };
  }

  /**
   * Takes checked events in, outliers first, in one batch. Resolves once it is on its way; the answer, to be awaited outside
   * the turn, has what became of each of `events`.
   * @throws BatchConflict if what they were built on was not stored: then they can be received again.
   */
  async receive(
    room: HotRoom,
    outliers: readonly RoomEvent[],
    events: readonly CheckedEvent[],
  ): Promise<() => Promise<Outcome[]>> {
    const reception = new Reception(this.dependencies, room, this.#uncommitted);
    const before: RoomEnds = { root: room.root, extremities: room.extremities };
    const outcomes: Outcome[] = [];
    try {
      for (const event of outliers) await reception.addOutlier(event);
      for (const event of events) outcomes.push(await reception.add(event));
    } catch (error) {
      this.#abandon(room, reception.staged, reception.noted);
      throw error;
    }
    const { steps, staged, noted } = reception;
    if (steps.length === 0) return async () => outcomes;
    if (this.#isNew && room.extremities.length === 0) {
      // Without an accepted create event there is no room that the others could be of.
      this.#abandon(room, staged, noted);
      return async () => outcomes.map(({ kind }) => ({ kind: 'dropped', reason: `the room was not made: ${kind}` }));
    }
    const after: RoomEnds = { root: room.root, extremities: room.extremities };
    const committed = this.#write(room, staged, noted, (batch, isNew) => {
      if (isNew) addRoom(batch, room, room.root);
      const from = isNew ? { root: after.root, extremities: [] } : before;
      return persistReception(batch, room.identity, steps, { from, to: after }, this.dependencies);
    });
    return async () => {
      const byId = new Map((await committed).map((event) => [event.eventId, event]));
      return outcomes.map((outcome) =>
        'event' in outcome ? { ...outcome, event: byId.get(outcome.event.eventId) ?? outcome.event } : outcome,
      );
    };
  }

  /** Takes extremities away that nothing depends on; the state stays. */
  async dropExtremities(room: HotRoom, kept: readonly Extremity[]): Promise<() => Promise<void>> {
    const before: RoomEnds = { root: room.root, extremities: room.extremities };
    room.extremities = kept;
    const committed = this.#write(room, [], [], (batch) => {
      persistEnds(batch, room.identity, before, { root: room.root, extremities: kept });
      return { events: [], changes: [] };
    });
    return async () => void (await committed);
  }

  /** The state that a room's extremities come together in. */
  resolve(room: HotRoom, extremities: readonly Extremity[]): Promise<ResolvedRoot> {
    const states = extremities.map(({ state }) => state);
    return this.dependencies.resolver.resolve(room.identity, states, this.#uncommitted);
  }

  /** A room of more extremities than the next event can follow, as far as it can. */
  async #baseWithin(room: HotRoom, staged: HashedNode[]): Promise<HotRoom> {
    const newest = newestExtremities(room.extremities);
    const { root, nodes } = await this.resolve(room, newest);
    this.#stage(nodes, staged);
    return new HotRoom(
      room.identity,
      this.dependencies.members,
      this.dependencies.stateAt(room.identity, root),
      newest,
    );
  }

  async #beside(room: HotRoom, base: HotRoom, steps: readonly Step[], staged: HashedNode[]): Promise<Beside> {
    const resolve = async (extremities: readonly Extremity[]) => {
      const resolved = await this.resolve(room, extremities);
      this.#stage(resolved.nodes, staged);
      return resolved;
    };
    return moveBeside({ room, base, steps }, resolve, this.#uncommitted, this.dependencies);
  }

  #stage(nodes: readonly HashedNode[], staged: HashedNode[]): void {
    this.dependencies.stateTrees.stage(nodes);
    staged.push(...nodes);
  }

  /** Nothing was stored: what was built must not stay in memory, and the room that it moved is of no use. */
  #abandon(room: HotRoom, staged: readonly HashedNode[], events: readonly StoredEvent[]): void {
    this.dependencies.stateTrees.settle(staged, false);
    this.#forget(events);
    if (events.length > 0) this.#drop(room);
  }

  #forget(events: readonly StoredEvent[]): void {
    for (const event of events) {
      this.#uncommitted.remove(event);
      this.dependencies.events.forget(event.eventId);
    }
  }

  /** The room as committed, once nothing is under way that could still change it. */
  async #reload(): Promise<HotRoom> {
    if (this.#isClosed) throw new MatrixError('M_NOT_FOUND', 'Unknown room');
    await this.#settled();
    this.#room = await this.load();
    return this.#room;
  }

  async #settled(): Promise<void> {
    if (this.#batches === 0) return;
    await new Promise<void>((resolve) => {
      this.#onSettled = resolve;
    });
  }

  /** Forgets a hot room that has moved past what is stored. Another may have taken its place already. */
  #drop(room: HotRoom): void {
    if (this.#room === room) this.#room = undefined;
  }

  /** Together, they wait for one commit; each by itself would wait for one of its own. */
  async #internKeys(drafts: readonly Draft[]): Promise<void> {
    const { stateKeys } = this.dependencies;
    await Promise.all(
      drafts.map(({ type, stateKey }) => (stateKey === undefined ? undefined : stateKeys.intern(type, stateKey))),
    );
  }

  /**
   * Takes the next event through checks, signature and state, and moves the hot room past it. Slices are asked here only
   * where nothing comes between the event and the state.
   */
  async #build(draft: Draft, room: HotRoom, staged: HashedNode[], isAlone: boolean): Promise<Step> {
    const { serverName, hooks } = this.dependencies;
    const creating = createEvent(draft, room, this.dependencies.signer);
    const signed = creating instanceof Promise ? await creating : creating;
    const previous = room.extremities;
    const preparing = prepareLocal(draft, signed, room, this.dependencies);
    const pending = preparing instanceof Promise ? await preparing : preparing;
    const { roomId, rules } = room.identity;
    const event = new StoredEvent(pending.row, roomId, rules, signed.content);
    const redacted = redactedBy(event, pending.redactsNow);
    const place = redacted === undefined ? IN_FORCE : { ...IN_FORCE, redacted };
    const changes = redacted === undefined ? changeOf(event, pending) : await changeByRedaction(redacted, room);
    const contributions = isAlone ? await contributionsOf(hooks, event, room, place, changes) : [];
    this.#stage(pending.nodes, staged);
    if (event.isState) {
      this.dependencies.events.stage(event);
      this.#uncommitted.add(event);
    }
    if (redacted !== undefined) this.#uncommitted.add(redacted);
    room.advance(event, extremityAt(event, event.isState ? event.stateAfter : room.root), isLocalTo(serverName));
    if (redacted !== undefined) room.redact(redacted);
    return { pending, event, previous, contributions, redacted };
  }

  #commit(
    room: HotRoom,
    steps: readonly Step[],
    about: {
      readonly staged: readonly HashedNode[];
      readonly beside: Beside | undefined;
      readonly contribute: Contribution | undefined;
    },
  ): Promise<readonly StoredEvent[]> {
    const { staged, beside, contribute } = about;
    if (steps.length === 0) {
      this.dependencies.stateTrees.settle(staged, false);
      return Promise.resolve([]);
    }
    const { root, identity } = room;
    return this.#write(room, staged, eventsOf(steps), (batch, isNew) => {
      if (isNew) addRoom(batch, room, root);
      const stored = steps.map((step) => persistStep(batch, step, this.dependencies, beside === undefined));
      let changes = stored.flatMap((event, index) => changeBy(event, steps[index]!, identity));
      if (beside !== undefined) {
        this.dependencies.stateTrees.insert(batch, identity.nid, beside.nodes);
        changes = persistChanges(batch, identity, beside.changes, undefined, this.dependencies);
        persistEnds(batch, identity, endsWithin(beside, steps), beside.after);
      }
      contribute?.(batch, stored.at(-1)!);
      batch.wake({ roomId: identity.roomId }, ...wokenUsers(changes));
      return { events: stored, changes };
    });
  }

  /** Hands a batch to the database; if it fails, the room that has moved past it is dropped. */
  #write(
    room: HotRoom,
    staged: readonly HashedNode[],
    uncommitted: readonly StoredEvent[],
    build: (
      batch: StreamBatch,
      isNew: boolean,
    ) => { readonly events: readonly StoredEvent[]; readonly changes: readonly CurrentStateChange[] },
  ): Promise<readonly StoredEvent[]> {
    const { streams, events, stateTrees, hooks } = this.dependencies;
    const isNew = this.#isNew;
    this.#isNew = false;
    const { mark } = room;
    const committed = streams.commit((batch) => {
      let stored: ReturnType<typeof build> = { events: [], changes: [] };
      // Before what the statements below do after the commit: they make caches forget what has been redacted.
      batch.afterCommit(() => {
        stateTrees.settle(staged, true);
        room.settle(mark);
        for (const event of uncommitted) this.#uncommitted.remove(event);
        for (const event of stored.events) events.remember(event);
      });
      stored = build(batch, isNew);
      batch.afterCommit(() => {
        if (stored.changes.length > 0) for (const hook of hooks) hook.stateChanged?.(stored.changes);
        for (const event of stored.events) {
          if (event.position !== undefined) for (const hook of hooks) hook.committed?.(event);
        }
      });
      return stored.events;
    });
    const outcome = committed.catch((error: unknown) => {
      this.#failed++;
      stateTrees.settle(staged, false);
      this.#forget(uncommitted);
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
