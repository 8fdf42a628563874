import type { Method, RequestInfo } from '#api/endpoint.ts';

/** What is served but is no endpoint of an API: the welcome page, health, metrics, static files. */
export interface Page {
  /** Its name in logs and metrics. */
  readonly name: string;
  readonly method: Method;
  /** As a contract's path; a last `/*` takes all paths below. */
  readonly path: string;
  readonly handler: (request: Request, info: RequestInfo) => Response | Promise<Response>;
  /** Logged at debug level only: what is asked for every few seconds. */
  readonly quiet?: boolean;
}
