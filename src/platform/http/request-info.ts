import type { RequestInfo } from '#api/endpoint.ts';
import type { JsonValue } from '#protocol/json.ts';
import type { Connection } from './handler.ts';
import { RequestEnding } from './request-ending.ts';

/** What handlers may know of a request; what is costly is found out when first asked for. */
export class HttpRequestInfo implements RequestInfo {
  bodyText = '';
  bodyStream: ReadableStream<Uint8Array> | null = null;
  /** The JSON body, where it had to be parsed before the contract was looked at. */
  bodyValue: JsonValue | undefined;
  readonly ending: RequestEnding;
  #search: URLSearchParams | undefined;
  #signal: AbortSignal | undefined;
  #ip: string | undefined;

  constructor(
    readonly id: string,
    readonly request: Request,
    /** The path and query string as sent. */
    readonly target: string,
    readonly path: string,
    readonly connection: Connection,
    readonly stopping: AbortSignal | undefined,
  ) {
    this.ending = new RequestEnding(stopping?.aborted ?? false);
  }

  get method(): string {
    return this.request.method;
  }

  get headers(): Headers {
    return this.request.headers;
  }

  get userAgent(): string {
    return this.request.headers.get('user-agent') ?? '';
  }

  get ip(): string {
    this.#ip ??= this.connection.ip;
    return this.#ip;
  }

  /** Aborted when the client has gone, and when the server stops: who waits, answers. */
  get signal(): AbortSignal {
    this.#signal ??=
      this.stopping === undefined ? this.request.signal : AbortSignal.any([this.request.signal, this.stopping]);
    return this.#signal;
  }

  get hasQuery(): boolean {
    return this.target.length > this.path.length + 1;
  }

  /** The query string without its question mark. */
  get query(): string {
    return this.target.slice(this.path.length + 1);
  }

  get search(): URLSearchParams {
    this.#search ??= new URLSearchParams(this.query);
    return this.#search;
  }
}

/** `/path?query` of a request's URL, as sent. */
export function targetOf(url: string): string {
  const scheme = url.indexOf('://');
  // A Host header that makes no URL leaves the path alone.
  const start = scheme === -1 || scheme > 5 ? 0 : url.indexOf('/', scheme + 3);
  const fragment = url.indexOf('#', start);
  return url.slice(start, fragment === -1 ? undefined : fragment);
}

export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

/** Tokens of every kind, and the signature in links by which people agree to a policy. */
const SECRET_PARAMETER = /([?&](?:[^=&]*token[^=&]*|h))=[^&]*/gi;

/** The target as it may be logged: without secrets. */
export function loggableTarget(target: string): string {
  return target.includes('?') ? target.replace(SECRET_PARAMETER, '$1=<redacted>') : target;
}
