import { ERROR_STATUS } from '#protocol/errors.ts';
import type { Answer } from '../contracts/composed-server.ts';

/** What a request that breaks its contract may be answered. */
const REFUSALS = /^(?:400 M_(?:NOT_JSON|BAD_JSON|MISSING_PARAM|INVALID_PARAM)|413 M_TOO_LARGE)$/;

export interface Expectation {
  /** The request breaks the contract of an endpoint that is there. */
  readonly mustRefuse: boolean;
  /** A person reads the answer: what the endpoint itself refuses, it says on a page. */
  readonly isPage: boolean;
  /** What was written to the database meanwhile. */
  readonly writes: readonly string[];
}

/** What is wrong with the answer to a bad request, in words; `undefined` if it is as it should be. */
export function complaintOf(answer: Answer, { mustRefuse, isPage, writes }: Expectation): string | undefined {
  const { status, headers, json, text } = answer;
  const said = `${status} ${text.slice(0, 200)}`;
  if (status >= 500) return `a fault of the server: ${said}`;
  if (headers.get('access-control-allow-origin') !== '*') return `no CORS headers: ${said}`;
  if (status < 400) return mustRefuse ? `not refused: ${said}` : undefined;
  if (writes.length > 0 && !isAskedToAuthenticate(answer)) return `refused, yet it wrote ${writes.join('; ')}: ${said}`;
  if (isAskedToAuthenticate(answer)) return mustRefuse ? `not refused but asked to authenticate: ${said}` : undefined;
  if (isPage && !mustRefuse && isRefusalPage(answer)) return undefined;
  if (typeof json.errcode !== 'string' || !Object.hasOwn(ERROR_STATUS, json.errcode)) return `no error code: ${said}`;
  if (typeof json.error !== 'string' || json.error === '') return `no error text: ${said}`;
  if (mustRefuse && !REFUSALS.test(`${status} ${json.errcode}`)) return `not refused for what is wrong: ${said}`;
  return undefined;
}

/** It says what was refused, and runs nothing. */
function isRefusalPage({ headers, text }: Answer): boolean {
  const policy = headers.get('content-security-policy') ?? '';
  const isSafe = policy.startsWith("default-src 'none'") && !policy.includes('script-src');
  return headers.get('content-type') === 'text/html; charset=utf-8' && isSafe && text.includes('role="alert"');
}

/** https://spec.matrix.org/v1.19/client-server-api/#user-interactive-api-in-the-rest-api: a session is made, and kept. */
function isAskedToAuthenticate({ status, json }: Answer): boolean {
  return status === 401 && Array.isArray(json.flows);
}
