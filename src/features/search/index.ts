/**
 * Searching the text of events: the index of words, which follows the events after some seconds, or when somebody searches, and `/search` over the rooms that a
 * user is or has been in. Not here: finding users (`user-directory`) and rooms (`directory`).
 */
import { search } from '#api/client/search.ts';
import { JsonText, type Route, route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Reader, Transactor } from '#platform/storage/ports.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { EventHook } from '#rooms/index.ts';
import { PendingWords } from './pending-words.ts';
import { type SearchDependencies, searchRoomEvents } from './search.ts';
import { SearchHook } from './search-hook.ts';
import { SearchStore } from './search-store.ts';

export interface SearchFeature {
  readonly routes: readonly Route[];
  readonly hook: EventHook;
  /** To be run every few seconds: a search by itself brings in the newest alone. */
  indexPending(signal?: AbortSignal): Promise<void>;
}

export function searchFeature(
  deps: Omit<SearchDependencies, 'store'> & {
    readonly reader: Reader;
    readonly transactor: Transactor;
    readonly clock: Clock;
    /** `enable_search`: without it nothing is indexed and every search is refused. */
    readonly isEnabled: boolean;
  },
): SearchFeature {
  const store = new SearchStore(deps.reader);
  const pending = new PendingWords(store, deps.transactor, deps.clock);
  return {
    indexPending: async (signal) => (deps.isEnabled ? pending.indexAll(signal) : undefined),
    hook: new SearchHook(store, deps.isEnabled),
    routes: [
      route(search, async ({ requester, query, body }) => {
        if (!deps.isEnabled) {
          throw new MatrixError('M_UNKNOWN', 'Search is switched off on this server', { status: 400 });
        }
        const { room_events: criteria } = body.search_categories;
        if (criteria === undefined) return { search_categories: {} };
        await pending.indexNewest();
        const found = await searchRoomEvents(criteria, query.next_batch, requester, { ...deps, store });
        return new JsonText(`{"search_categories":{"room_events":${found}}}`);
      }),
    ],
  };
}
