import type { EventId } from '../identifiers/index.ts';
import { CHUNK, chunksOf, load, PAUSE, union } from './pacing.ts';
import { PriorityQueue } from './priority-queue.ts';
import type { AuthNode, Lookup, Resolution, ResolutionSources } from './sources.ts';
import { subtractUnconflictedChain } from './unconflicted-chain.ts';

export interface AuthDifferenceInput extends Pick<ResolutionSources, 'authGraph' | 'unconflicted' | 'citing'> {
  /** For each fork, the events that it has at the keys where the forks differ. */
  readonly forks: readonly (readonly EventId[])[];
}

/** A node that some fork's auth chain has reached. */
interface Mark {
  readonly eventId: EventId;
  readonly node: AuthNode;
  /** One bit for each fork whose auth chain holds the event. */
  forks: bigint;
}

/**
 * The auth difference of the forks, ∪Cᵢ − ∩Cᵢ, where Cᵢ is the full auth chain of the state of fork i.
 *
 * The chains of the unconflicted state are in every Cᵢ and far too large to walk. So the difference of the chains of the
 * conflicted events is taken first, from the highest rank downwards and only as far as the chains differ; then whatever an
 * unconflicted event leads to is taken out, by walking from the difference up to those who cite it.
 * https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function* authDifference(input: AuthDifferenceInput): Resolution<ReadonlySet<EventId>> {
  const ofConflicted = yield* differenceOfConflictedChains(input.forks, input.authGraph);
  if (ofConflicted.size === 0) return new Set();
  return yield* subtractUnconflictedChain(ofConflicted, yield* union(input.forks), input);
}

/** The events in the chains of some forks' events but not of all, highest rank first. */
function* differenceOfConflictedChains(
  forks: readonly (readonly EventId[])[],
  graph: Lookup<AuthNode>,
): Resolution<ReadonlyMap<EventId, AuthNode>> {
  const difference = new Map<EventId, AuthNode>();
  const walk = new ChainWalk((1n << BigInt(forks.length)) - 1n, graph);
  for (const [index, eventIds] of forks.entries()) {
    for (const chunk of chunksOf(eventIds)) {
      yield* load('load-auth-nodes', chunk, graph);
      for (const eventId of chunk) walk.expand(graph.get(eventId), 1n << BigInt(index));
      yield* walk.reachNoted();
      yield PAUSE;
    }
  }
  let steps = 0;
  // Once every event still to be visited is in all chains, so is everything below.
  while (walk.hasPartial) {
    const mark = walk.next();
    if (!walk.isInAll(mark)) difference.set(mark.eventId, mark.node);
    walk.expand(mark.node, mark.forks);
    yield* walk.reachNoted();
    if (++steps % CHUNK === 0) yield PAUSE;
  }
  return difference;
}

/** An auth event of a visited event, with what is passed on to it. */
interface Step {
  readonly eventId: EventId;
  readonly forks: bigint;
  readonly rankAbove: number;
}

/**
 * The walk down several auth chains at once. As an event's rank is higher than that of all below it, an event is visited only
 * after everything that leads to it, when it is known for good which chains hold it.
 */
class ChainWalk {
  private readonly marks = new Map<EventId, Mark>();
  private readonly queue = new PriorityQueue<Mark>((a, b) => b.node.authRank - a.node.authRank);
  private partialInQueue = 0;
  private steps: Step[] = [];
  /** What the walk will come to later, loaded along with what it needs now, so that one request serves many steps. */
  private ahead: EventId[] = [];

  constructor(
    private readonly allForks: bigint,
    private readonly graph: Lookup<AuthNode>,
  ) {}

  get hasPartial(): boolean {
    return this.partialInQueue > 0;
  }

  isInAll(mark: Mark): boolean {
    return mark.forks === this.allForks;
  }

  next(): Mark {
    const mark = this.queue.pop();
    if (mark === undefined) throw new Error('the walk has ended');
    if (!this.isInAll(mark)) this.partialInQueue--;
    return mark;
  }

  /** Notes the auth events of a node as reached by `forks`; `reachNoted` must follow. */
  expand(node: AuthNode | undefined, forks: bigint): void {
    if (node === undefined) return;
    for (const eventId of node.authEventIds) this.steps.push({ eventId, forks, rankAbove: node.authRank });
  }

  *reachNoted(): Resolution<void> {
    const { steps, graph } = this;
    this.steps = [];
    const missing = steps.map((step) => step.eventId).filter((eventId) => graph.get(eventId) === undefined);
    if (missing.length > 0) {
      yield* load('load-auth-nodes', [...missing, ...this.ahead], graph);
      this.ahead = [];
    }
    for (const step of steps) this.reach(step);
  }

  private reach({ eventId, forks, rankAbove }: Step): void {
    const node = this.graph.get(eventId);
    if (node === undefined) return;
    if (node.authRank >= rankAbove) throw new Error(`authRank of ${eventId} is not below that of an event citing it`);
    const mark = this.marks.get(eventId);
    if (mark === undefined) {
      this.add({ eventId, node, forks });
    } else if (!this.isInAll(mark)) {
      mark.forks |= forks;
      if (this.isInAll(mark)) this.partialInQueue--;
    }
  }

  private add(mark: Mark): void {
    this.marks.set(mark.eventId, mark);
    this.queue.push(mark);
    if (this.isInAll(mark)) return;
    this.partialInQueue++;
    for (const eventId of mark.node.authEventIds) this.ahead.push(eventId);
  }
}
