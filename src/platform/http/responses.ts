import { JsonText } from '#api/endpoint.ts';
import type { MatrixError } from '#protocol/errors.ts';

/** https://spec.matrix.org/v1.19/client-server-api/#web-browser-clients */
const CORS_HEADERS: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'X-Requested-With, Content-Type, Authorization, Date',
  'Access-Control-Expose-Headers': 'ETag, Retry-After, Server',
};

const JSON_HEADERS: Readonly<Record<string, string>> = {
  ...CORS_HEADERS,
  'Content-Type': 'application/json',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
};

/** Made once: copying a `Headers` costs a fraction of making one. */
const SHARED_JSON_HEADERS = new Headers(JSON_HEADERS);

const CORS_ENTRIES = Object.entries(CORS_HEADERS);

/** A JSON response with the headers that every one of ours has. */
export function jsonResponse(status: number, value: unknown, headers?: Readonly<Record<string, string>>): Response {
  return jsonTextResponse(status, JSON.stringify(value), headers);
}

function jsonTextResponse(status: number, text: string, headers?: Readonly<Record<string, string>>): Response {
  return new Response(text, {
    status,
    headers: headers === undefined ? SHARED_JSON_HEADERS : { ...JSON_HEADERS, ...headers },
  });
}

/** What a handler returned, as a response: an object or text of JSON with status 200, a `Response` as it is with CORS. */
export function answerResponse(answer: unknown): Response {
  if (answer instanceof JsonText) return jsonTextResponse(200, answer.text);
  if (answer instanceof Response) return withCors(answer);
  return jsonResponse(200, answer ?? {});
}

export function errorResponse(error: MatrixError): Response {
  return jsonResponse(error.status, error.body(), error.headers);
}

/** 204 to every OPTIONS: browsers ask before each request whether they may send it. */
export function preflightResponse(): Response {
  return new Response(null, { status: 204, headers: CORS_HEADERS });
}

/** The client closed the connection: nobody reads this, but the runtime waits for it. */
export function clientGoneResponse(): Response {
  return new Response(null, { status: 499, headers: CORS_HEADERS });
}

/** The response with CORS headers, except those that it sets itself. */
export function withCors(response: Response): Response {
  try {
    for (const [name, value] of CORS_ENTRIES) if (!response.headers.has(name)) response.headers.set(name, value);
    return response;
  } catch {
    // Headers of some responses (redirects, passed-on ones) cannot be changed.
    const headers = new Headers({ ...CORS_HEADERS, ...Object.fromEntries(response.headers) });
    return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
  }
}

/** What HEAD answers: the same without the body. */
export function headOf(response: Response): Response {
  void response.body?.cancel();
  return new Response(null, { status: response.status, statusText: response.statusText, headers: response.headers });
}
