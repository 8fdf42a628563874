/**
 * One endpoint is one contract, as data. `endpoint()` describes it, `route()` pairs it with its handler; the binder in
 * `platform/http` does the rest: matching, authentication, rate limits, validation, errors.
 */
import { type Static, type TObject, type TSchema, Type } from '@sinclair/typebox';
import type { Requester, ServerRequester } from './requester.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/**
 * Who may call: anybody (`none`), anybody but told who it is (`optional`), a user with an access token (`user`), a server
 * administrator (`admin`), an appservice with its token (`appservice`), another homeserver (`server`).
 */
export type Auth = 'none' | 'optional' | 'user' | 'admin' | 'appservice' | 'server';

/** The name of a rate limit bucket; each is configured by the `rc_*` key of that name. */
export type RateLimit =
  | 'rc_message'
  | 'rc_registration'
  | 'rc_registration_token_validity'
  | 'rc_login'
  | 'rc_joins'
  | 'rc_invites'
  | 'rc_room_creation'
  | 'rc_reports'
  | 'rc_media_create'
  | 'rc_key_requests'
  | 'rc_presence'
  | 'rc_admin_redaction'
  | 'rc_3pid_validation'
  | 'rc_user_directory'
  | 'rc_profile'
  | 'rc_read';

interface EndpointFields<P extends TObject, Q extends TObject, B extends TSchema, R extends TSchema> {
  /** The operationId of the specification's OpenAPI; for what is not in it, a name of the same form. */
  readonly operationId: string;
  readonly method: Method;
  /** With `{name}` for a path parameter. Parameters are percent-decoded once and are never empty unless `{name?}`. */
  readonly path: string;
  /** Further paths of the same endpoint: `r0`, `unstable` prefixes, `api/v1`. */
  readonly aliases: readonly string[];
  readonly auth: Auth;
  /** Whether guest accounts may call it. */
  readonly guests: boolean;
  /** Whether a suspended account may call it. https://spec.matrix.org/v1.19/client-server-api/#account-suspension */
  readonly suspended: boolean;
  /** Whether a locked account may call it (log out only). */
  readonly locked: boolean;
  readonly rateLimit: RateLimit | undefined;
  readonly deprecated: boolean;
  /** Path parameters, each a string schema. */
  readonly params: P;
  /** Query parameters: string, integer, boolean, or arrays of strings (repeated keys). The only part that is decoded. */
  readonly query: Q;
  /** The JSON body. `Type.Undefined()` when there is none: what is sent is then ignored. */
  readonly body: B;
  /** How the request body is read: as JSON, or left as a stream to the handler (media upload). */
  readonly accepts: 'json' | 'stream';
  /** The JSON of a 200. `Type.Unknown()` where the handler answers with a `Response` of its own. */
  readonly response: R;
}

export interface Endpoint<
  P extends TObject = TObject,
  Q extends TObject = TObject,
  B extends TSchema = TSchema,
  R extends TSchema = TSchema,
  A extends Auth = Auth,
> extends EndpointFields<P, Q, B, R> {
  readonly auth: A;
}

type Optional =
  | 'aliases'
  | 'guests'
  | 'suspended'
  | 'locked'
  | 'rateLimit'
  | 'deprecated'
  | 'params'
  | 'query'
  | 'body'
  | 'accepts'
  | 'response';

const NOTHING = Type.Object({});
type Nothing = typeof NOTHING;

/** Describes an endpoint. Left out: no aliases, no guests, not while suspended (unless GET) or locked, no rate limit. */
export function endpoint<
  const A extends Auth,
  P extends TObject = Nothing,
  Q extends TObject = Nothing,
  B extends TSchema = ReturnType<typeof Type.Undefined>,
  R extends TSchema = Nothing,
>(
  fields: Omit<EndpointFields<P, Q, B, R>, Optional | 'auth'> &
    Partial<Pick<EndpointFields<P, Q, B, R>, Optional>> & { readonly auth: A },
): Endpoint<P, Q, B, R, A> {
  return {
    aliases: [],
    guests: false,
    suspended: fields.method === 'GET',
    locked: false,
    rateLimit: undefined,
    deprecated: false,
    accepts: 'json',
    params: NOTHING as unknown as P,
    query: NOTHING as unknown as Q,
    body: Type.Undefined() as unknown as B,
    response: NOTHING as unknown as R,
    ...fields,
  };
}

/** When there is no point in going on: the client has gone or the server stops. An `AbortSignal` is one. */
export interface Ending {
  readonly aborted: boolean;
  addEventListener(type: 'abort', run: () => void): void;
  removeEventListener(type: 'abort', run: () => void): void;
}

/** What a handler may know of the HTTP request itself. */
export interface RequestInfo {
  /** Made by the server, logged with everything the request causes. */
  readonly id: string;
  readonly method: string;
  /** The path as matched, without query string. */
  readonly path: string;
  /** The client's address, from `X-Forwarded-For` only where the listener says so. */
  readonly ip: string;
  readonly userAgent: string;
  readonly headers: Headers;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** For who waits a long time for something to tell: costs a fraction of `signal`, and may notice a second later. */
  readonly ending: Ending;
  /** The whole query string, for the few endpoints with open-ended parameters. */
  readonly search: URLSearchParams;
  /** The JSON body's text as received: number tokens such as `1.0` do not survive parsing. Empty where there is no body. */
  readonly bodyText: string;
  /** The unread body of an endpoint that `accepts: 'stream'`. */
  readonly bodyStream: ReadableStream<Uint8Array> | null;
}

type RequesterOf<A extends Auth> = A extends 'user' | 'admin'
  ? Requester
  : A extends 'optional'
    ? Requester | undefined
    : A extends 'server'
      ? ServerRequester
      : A extends 'appservice'
        ? { readonly appserviceId: string }
        : undefined;

export interface Call<E extends Endpoint> {
  readonly requester: RequesterOf<E['auth']>;
  readonly params: Static<E['params']>;
  readonly query: Static<E['query']>;
  readonly body: Static<E['body']>;
  readonly request: RequestInfo;
}

/** JSON that is text already: spliced from cached fragments, never parsed again. Sent with status 200. */
export class JsonText {
  constructor(readonly text: string) {}
}

/** The body of a 200, JSON text of one, or a whole `Response` (redirects, media, other statuses). */
export type Answer<R> = R | JsonText | Response;

export type Handler<E extends Endpoint> = (
  call: Call<E>,
) => Promise<Answer<Static<E['response']>>> | Answer<Static<E['response']>>;

export interface Route {
  readonly endpoint: Endpoint;
  readonly handler: (call: Call<Endpoint>) => unknown;
}

/** Pairs a contract with what answers it. */
export function route<E extends Endpoint>(contract: E, handler: Handler<E>): Route {
  return { endpoint: contract, handler: handler as unknown as Route['handler'] };
}
