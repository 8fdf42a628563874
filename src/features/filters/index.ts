/**
 * Stored filters: what clients upload to name in later syncs. Here are their endpoints, their table and the look-up by id.
 * What a filter means is `protocol/filters`; applying one is up to whoever answers.
 * https://spec.matrix.org/v1.19/client-server-api/#filtering
 */
import { defineFilter, getFilter } from '#api/client/filter.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import type { Batch, Storage } from '#platform/storage/index.ts';
import { forbidden, notFound } from '#protocol/errors.ts';
import type { Filter } from '#protocol/filters/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { FilterStore } from './filter-store.ts';
import { Filters } from './filters.ts';

export interface FiltersDeps {
  readonly storage: Pick<Storage, 'reader' | 'transactor' | 'sequences'>;
}

export interface FiltersFeature {
  readonly routes: readonly Route[];
  /** The filter that a user stored under an id, `undefined` if there is none. Kept in memory. */
  filterById(userId: UserId, filterId: string): Promise<Filter | undefined>;
  /** In the batch that deactivates an account. */
  accountDeactivated(batch: Batch, userId: UserId): void;
}

export function filtersFeature({ storage }: FiltersDeps): FiltersFeature {
  const filters = new Filters(new FilterStore(storage.reader), storage.transactor, storage.sequences);
  const routes = [
    route(defineFilter, async ({ requester, params: { userId }, body }) => {
      requireOwn(requester, userId);
      return { filter_id: await filters.define(userId, body) };
    }),
    route(getFilter, async ({ requester, params: { userId, filterId } }) => {
      requireOwn(requester, userId);
      const filter = await filters.find(userId, filterId);
      if (filter === undefined) throw notFound('No such filter');
      return filter as JsonObject;
    }),
  ];
  return {
    routes,
    filterById: (userId, filterId) => filters.find(userId, filterId),
    accountDeactivated: (batch, userId) => filters.accountDeactivated(batch, userId),
  };
}

function requireOwn(requester: Requester, userId: UserId): void {
  if (requester.userId !== userId) throw forbidden("You cannot read or write other users' filters");
}
