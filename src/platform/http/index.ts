/**
 * HTTP: binds contracts to handlers. Matching, authentication, rate limits, validation, error mapping, CORS, access logs and
 * request metrics are done here, once. A function from `Request` to `Response`: sockets and TLS are `platform/runtime`'s
 * business, and what an endpoint does is its slice's.
 */
export type { Authenticators, SignedRequest } from './authenticate.ts';
export { readForm } from './form-body.ts';
export { type Connection, createHttpHandler, type HttpHandler, type HttpHandlerOptions } from './handler.ts';
export { hasUnstorableText, MAX_JSON_DEPTH, parseJson, refuseUnstorableText, tooLarge } from './json-body.ts';
export { BINDER_LIMITS } from './limit-policy.ts';
export type { Page } from './page.ts';
export {
  createRateLimiter,
  createRateLimits,
  limitExceeded,
  type OverrideOf,
  type RateLimiter,
  type RateLimits,
  type RateLimitsOptions,
} from './rate-limits.ts';
export { servedPaths } from './resources.ts';
export { jsonResponse } from './responses.ts';
export { METHODS, RouteTable } from './router.ts';
