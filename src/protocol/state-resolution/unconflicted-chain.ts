import type { EventId } from '../identifiers/index.ts';
import { CHUNK, PAUSE } from './pacing.ts';
import type { AuthNode, CitingEvent, CitingPage, Resolution, ResolutionSources } from './sources.ts';
import { stateMapKey } from './state-map-key.ts';

/** The types that `auth_events` may name; nobody cites the others, so the way up ends at them. */
const CITABLE_TYPES: ReadonlySet<string> = new Set([
  'm.room.create',
  'm.room.member',
  'm.room.join_rules',
  'm.room.power_levels',
  'm.room.third_party_invite',
]);

/** Pages asked for at once. */
const PAGES_AT_ONCE = 32;

type ChainSources = Pick<ResolutionSources, 'unconflicted' | 'citing'>;

/**
 * `difference` (highest rank first) without the events in the auth chain of the unconflicted state.
 *
 * An event is in that chain if an unconflicted event cites it, or one in the chain does. Superseded state is cited by what
 * superseded it, so a way up from an old event soon ends at the unconflicted state: the walk stays near the conflicts.
 */
export function* subtractUnconflictedChain(
  difference: ReadonlyMap<EventId, AuthNode>,
  conflicted: ReadonlySet<EventId>,
  sources: ChainSources,
): Resolution<ReadonlySet<EventId>> {
  const walk = new UpwardWalk(difference);
  const isUnconflicted = ({ eventId, type, stateKey }: CitingEvent) =>
    sources.unconflicted(type, stateKey) === eventId && !conflicted.has(eventId);

  let checked = 0;
  for (let pages = walk.nextPages(); pages.length > 0; pages = walk.nextPages()) {
    yield { kind: 'load-citing', pages };
    const loaded = pages.map((page) => ({ page, citing: sources.citing(page.eventId, page.after) }));
    yield {
      kind: 'look-up',
      keys: loaded.flatMap(({ citing }) => citing.map((by) => stateMapKey(by.type, by.stateKey))),
    };
    for (const { page, citing } of loaded) {
      walk.visit(page, citing, isUnconflicted);
      checked += citing.length + 1;
      if (checked < CHUNK) continue;
      checked = 0;
      yield PAUSE;
    }
  }
  return walk.outside();
}

/** The walk from the auth difference up to those who cite it, newest first. */
class UpwardWalk {
  /** The top is visited next: upwards before sideways, the next page of an event only after the events of this page. */
  private readonly stack: CitingPage[];
  private readonly visited: Set<EventId>;
  private readonly settled = new Set<EventId>();
  /** For a visited event, those of the walk that it cites. */
  private readonly cites = new Map<EventId, EventId[]>();

  constructor(private readonly difference: ReadonlyMap<EventId, AuthNode>) {
    this.visited = new Set(difference.keys());
    this.stack = [...difference.keys()].reverse().map((eventId) => ({ eventId, after: undefined }));
  }

  nextPages(): readonly CitingPage[] {
    const pages: CitingPage[] = [];
    while (pages.length < PAGES_AT_ONCE) {
      const page = this.stack.pop();
      if (page === undefined) break;
      if (!this.settled.has(page.eventId)) pages.push(page);
    }
    return pages;
  }

  visit(page: CitingPage, citing: readonly CitingEvent[], isUnconflicted: (by: CitingEvent) => boolean): void {
    const last = citing.at(-1);
    if (last === undefined || this.settled.has(page.eventId)) return;
    if (citing.some((by) => this.settled.has(by.eventId) || isUnconflicted(by))) {
      this.settle(page.eventId);
      return;
    }
    this.stack.push({ eventId: page.eventId, after: last.eventId });
    for (const by of citing) this.goUp(page.eventId, by);
  }

  outside(): ReadonlySet<EventId> {
    return new Set([...this.difference.keys()].filter((eventId) => !this.settled.has(eventId)));
  }

  private goUp(cited: EventId, by: CitingEvent): void {
    if (!CITABLE_TYPES.has(by.type)) return;
    const cites = this.cites.get(by.eventId);
    if (cites === undefined) this.cites.set(by.eventId, [cited]);
    else cites.push(cited);
    if (this.visited.has(by.eventId)) return;
    this.visited.add(by.eventId);
    this.stack.push({ eventId: by.eventId, after: undefined });
  }

  /** Marks an event, and all of the walk that it leads to, as being in the chain of the unconflicted state. */
  private settle(eventId: EventId): void {
    const work = [eventId];
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      if (this.settled.has(next)) continue;
      this.settled.add(next);
      for (const below of this.cites.get(next) ?? []) work.push(below);
      for (const below of this.difference.get(next)?.authEventIds ?? []) {
        if (this.difference.has(below)) work.push(below);
      }
    }
  }
}
