import type { JsonObject } from './json.ts';

/**
 * Every error code the server sends, with the HTTP status it goes with unless the thrower says otherwise.
 * https://spec.matrix.org/v1.19/client-server-api/#standard-error-response
 */
export const ERROR_STATUS = {
  M_FORBIDDEN: 403,
  M_UNKNOWN_TOKEN: 401,
  M_MISSING_TOKEN: 401,
  M_USER_LOCKED: 401,
  M_USER_SUSPENDED: 403,
  M_USER_DEACTIVATED: 403,
  M_USER_LIMIT_EXCEEDED: 403,
  M_BAD_JSON: 400,
  M_NOT_JSON: 400,
  M_NOT_FOUND: 404,
  M_LIMIT_EXCEEDED: 429,
  M_UNRECOGNIZED: 404,
  M_UNKNOWN: 500,
  M_UNAUTHORIZED: 401,
  M_USER_IN_USE: 400,
  M_INVALID_USERNAME: 400,
  M_EXCLUSIVE: 400,
  M_ROOM_IN_USE: 400,
  M_INVALID_ROOM_STATE: 400,
  M_THREEPID_IN_USE: 400,
  M_THREEPID_NOT_FOUND: 400,
  M_THREEPID_AUTH_FAILED: 401,
  M_THREEPID_DENIED: 403,
  M_THREEPID_MEDIUM_NOT_SUPPORTED: 400,
  M_SERVER_NOT_TRUSTED: 403,
  M_UNSUPPORTED_ROOM_VERSION: 400,
  M_INCOMPATIBLE_ROOM_VERSION: 400,
  M_BAD_STATE: 400,
  M_GUEST_ACCESS_FORBIDDEN: 403,
  M_CAPTCHA_NEEDED: 401,
  M_CAPTCHA_INVALID: 400,
  M_MISSING_PARAM: 400,
  M_INVALID_PARAM: 400,
  M_TOO_LARGE: 413,
  M_RESOURCE_LIMIT_EXCEEDED: 403,
  M_CANNOT_LEAVE_SERVER_NOTICE_ROOM: 403,
  M_WEAK_PASSWORD: 400,
  M_PASSWORD_TOO_SHORT: 400,
  M_PASSWORD_NO_DIGIT: 400,
  M_PASSWORD_NO_UPPERCASE: 400,
  M_PASSWORD_NO_LOWERCASE: 400,
  M_PASSWORD_NO_SYMBOL: 400,
  M_INVALID_SIGNATURE: 400,
  M_DUPLICATE_ANNOTATION: 400,
  M_NOT_YET_UPLOADED: 504,
  M_CANNOT_OVERWRITE_MEDIA: 409,
  M_BAD_ALIAS: 400,
  M_UNABLE_TO_AUTHORISE_JOIN: 400,
  M_UNABLE_TO_GRANT_JOIN: 400,
  M_WRONG_ROOM_KEYS_VERSION: 403,
  M_UNKNOWN_POS: 400,
  M_UNKNOWN_DEVICE: 400,
  M_URL_NOT_SET: 400,
  M_BAD_STATUS: 502,
  M_CONNECTION_FAILED: 502,
  M_CONNECTION_TIMEOUT: 504,
  M_PROFILE_TOO_LARGE: 400,
  M_KEY_TOO_LARGE: 400,
  M_TOKEN_INCORRECT: 400,
  M_INVITE_BLOCKED: 403,
  M_CONSENT_NOT_GIVEN: 403,
  M_CONCURRENT_WRITE: 412,
  M_EXPIRED: 404,
  M_NOT_JOINED: 403,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof ERROR_STATUS;

interface MatrixErrorOptions {
  /** HTTP status, where it is not the code's own. */
  readonly status?: number;
  /** Further keys of the error body, such as `soft_logout` or `retry_after_ms`. */
  readonly fields?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal: something the caller did, told to the caller. Mapped to a response once, in `platform/http`. */
export class MatrixError extends Error {
  override readonly name = 'MatrixError';
  readonly status: number;
  readonly fields: JsonObject;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly errcode: ErrorCode,
    message: string,
    options: MatrixErrorOptions = {},
  ) {
    super(message);
    this.status = options.status ?? ERROR_STATUS[errcode];
    this.fields = options.fields ?? {};
    this.headers = options.headers ?? {};
  }

  /** The response body: `{ errcode, error, ...fields }`. */
  body(): JsonObject {
    return { errcode: this.errcode, error: this.message, ...this.fields };
  }
}

/** 403 `M_FORBIDDEN`. */
export const forbidden = (message: string): MatrixError => new MatrixError('M_FORBIDDEN', message);

/** 404 `M_NOT_FOUND`. */
export const notFound = (message: string): MatrixError => new MatrixError('M_NOT_FOUND', message);

/** 400 `M_INVALID_PARAM`. */
export const invalidParam = (message: string): MatrixError => new MatrixError('M_INVALID_PARAM', message);

/** 400 `M_BAD_JSON`. */
export const badJson = (message: string): MatrixError => new MatrixError('M_BAD_JSON', message);
