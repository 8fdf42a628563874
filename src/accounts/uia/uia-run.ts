import type { RequestInfo } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import type { Batch } from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';
import type { Flow } from './interaction-required.ts';
import type { UiaSession, UiaStore } from './uia-store.ts';

/** An operation that needs a proof. */
export interface UiaRun {
  readonly request: Pick<RequestInfo, 'method' | 'path' | 'ip' | 'userAgent'>;
  /** Who is logged in. */
  readonly requester?: Requester | undefined;
  /** The body's `auth`. */
  readonly auth: JsonObject | undefined;
  /** Left out: what the requester's account has, such as a password. */
  readonly flows?: readonly Flow[];
  /** The rest of the body, without passwords. In later requests clients may leave it out. */
  readonly clientDict: JsonObject;
  /** The hash of a password in the body, worked out only when it is needed. */
  readonly secret?: (() => Promise<string>) | undefined;
  /** A recent proof by the same session is enough. */
  readonly mayReuse?: boolean;
  /**
   * What is done must not change between the stages (the default). `false` where the body grants nothing, as in
   * registration: there, the latest one counts.
   */
  readonly isPinned?: boolean;
  /** The session outlives the operation, so that a repeated last request can be answered: see `finish`, `outcomeOf`. */
  readonly isKept?: boolean;
}

/** A proof that was accepted. */
export interface UiaResult {
  /** Whose proof it is; `undefined` where no stage says so and nobody is logged in. */
  readonly userId: UserId | undefined;
  readonly body: JsonObject;
  readonly secret: string | undefined;
  /** What each stage gave. */
  readonly completed: ReadonlyMap<string, JsonValue>;
  /** For kept sessions: adds the outcome to the batch that does the operation. */
  finish(outcome: JsonValue, batch: Batch): void;
}

/** A run whose secret is worked out once, however often it is asked for. */
export type LazyRun = Omit<UiaRun, 'secret'> & { readonly secret: () => Promise<string | undefined> };

export function lazily(make: UiaRun['secret']): LazyRun['secret'] {
  let made: Promise<string> | undefined;
  return async () => {
    made ??= make?.();
    return made;
  };
}

/** Not in the database yet. */
export function newSession(sessionId: string, { request, requester, clientDict }: LazyRun): UiaSession {
  return {
    sessionId,
    method: request.method,
    path: request.path,
    userId: requester?.userId,
    body: clientDict,
    secret: undefined,
    outcome: undefined,
    completed: new Map(),
    isSaved: false,
  };
}

/** `kept`: where the session is to learn what its operation came to. */
export function toResult(session: UiaSession, run: LazyRun, kept: UiaStore | undefined): UiaResult {
  return {
    userId: run.requester?.userId ?? provenUser(session),
    body: session.body,
    secret: session.secret,
    completed: session.completed,
    finish(outcome, batch) {
      if (kept !== undefined) batch.add(kept.setOutcome(session.sessionId, outcome), 1);
    },
  };
}

function provenUser(session: UiaSession): UserId | undefined {
  for (const result of session.completed.values()) {
    const userId = isJsonObject(result) ? result.user_id : undefined;
    if (typeof userId === 'string') return userId as UserId;
  }
  return undefined;
}
