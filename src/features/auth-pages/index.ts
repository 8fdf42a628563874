/**
 * Pages on which people prove who they are in a browser, for clients that cannot ask them: the fallback of single stages of
 * user-interactive authentication, and the whole login. What stages check is theirs (`accounts`, `registration`); the texts
 * of policies are served by `consent`.
 */
import type { Accounts } from '#accounts/index.ts';
import type { Route } from '#api/endpoint.ts';
import type { Page } from '#platform/http/index.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import { loginPage } from './login-page.ts';
import { fallbackRoutes } from './routes.ts';

export interface AuthPagesDeps {
  readonly accounts: Pick<Accounts, 'uia'>;
  readonly serverName: ServerName;
}

export function authPagesFeature({ accounts, serverName }: AuthPagesDeps): {
  readonly routes: readonly Route[];
  readonly pages: readonly Page[];
} {
  return { routes: fallbackRoutes(accounts.uia), pages: loginPage(serverName) };
}
