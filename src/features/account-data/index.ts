/**
 * Account data: what clients keep on the server for a user, for the whole account or a room, and whom a user ignores.
 * Here are its endpoints, its table, and what `/sync` reads of it. Not here: tags, which are account data that another slice
 * writes through `AccountData.update`; push rules, which only look like account data.
 */
import type { Route } from '#api/endpoint.ts';
import type { Reader } from '#platform/storage/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import { AccountData } from './account-data.ts';
import { AccountDataStore } from './account-data-store.ts';
import { accountDataRoutes, type ServerManagedData } from './routes.ts';

export type { AccountData, AccountDataEvent, AccountDataEvents } from './account-data.ts';
export type { AccountDataKey } from './account-data-store.ts';
export type { ServerManagedData } from './routes.ts';

export interface AccountDataDeps {
  readonly reader: Reader;
  readonly streams: Streams;
  readonly managed?: ServerManagedData;
}

export function accountDataFeature(deps: AccountDataDeps): { routes: readonly Route[]; accountData: AccountData } {
  const accountData = new AccountData(new AccountDataStore(deps.reader), deps.streams);
  return { accountData, routes: accountDataRoutes(accountData, deps.managed ?? {}) };
}
