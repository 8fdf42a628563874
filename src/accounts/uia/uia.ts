import { isDeepStrictEqual } from 'node:util';
import type { Requester } from '#api/requester.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import { BatchConflict, type Transactor } from '#platform/storage/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';
import type { SessionStore } from '../session-store.ts';
import type { UserStore } from '../user-store.ts';
import { type Flow, InteractionRequired } from './interaction-required.ts';
import type { Stage, StageOutcome } from './stages.ts';
import { type LazyRun, lazily, newSession, toResult, type UiaResult, type UiaRun } from './uia-run.ts';
import type { UiaSession, UiaStore } from './uia-store.ts';
import { sweepSessions } from './uia-sweep.ts';

export interface UiaDeps {
  readonly store: UiaStore;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly transactor: Pick<Transactor, 'commit'>;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Takes from what an address may begin without being logged in, and throws `M_LIMIT_EXCEEDED`: each beginning is a row,
   * and often a password to hash.
   */
  readonly limitBeginning: (ip: string) => void;
  readonly config: {
    /** For how long after a proof some operations need no other. 0: never. */
    readonly uiAuthSessionTimeoutMs: number;
    /** Whether accounts here can have passwords to prove themselves with. */
    readonly passwordsEnabled: boolean;
  };
}

const SESSION_ID_LENGTH = 24;
const MAX_BODY_LENGTH = 65_536;

/** User-interactive authentication. https://spec.matrix.org/v1.19/client-server-api/#user-interactive-authentication-api */
export class UserInteractiveAuth {
  readonly #deps: UiaDeps;
  readonly #stages = new Map<string, Stage>();
  /** Further stages by which a user can prove who they are, such as single sign-on. */
  readonly accountStages: ((userId: UserId) => Promise<readonly string[]>)[] = [];

  constructor(deps: UiaDeps) {
    this.#deps = deps;
  }

  /** Called at composition. */
  addStage(stage: Stage): void {
    this.#stages.set(stage.type, stage);
  }

  /**
   * Returns once a flow is complete, else throws: `InteractionRequired` (401), or what a stage refuses for good.
   */
  async run(asked: UiaRun): Promise<UiaResult> {
    const run = { ...asked, secret: lazily(asked.secret) };
    if (run.mayReuse && (await this.#isRecent(run.requester))) return toResult(newSession('', run), run, undefined);
    const flows = run.flows ?? (await this.#flowsOf(run.requester));
    const session = await this.#session(run);
    const type = run.auth?.type;
    if (typeof type === 'string' && !session.completed.has(type)) await this.#attempt(type, session, flows, run);
    if (!flows.some((flow) => flow.every((stage) => session.completed.has(stage)))) {
      await this.#save(session, run);
      throw this.#incomplete(session, flows);
    }
    // Who sends the password again means the new one.
    session.secret = (await run.secret()) ?? session.secret;
    if (session.isSaved && !run.isKept) await this.#useUp(session);
    if (run.requester?.tokenId !== undefined) await this.#markAuthenticated(run.requester.tokenId);
    return toResult(session, run, session.isSaved && run.isKept ? this.#deps.store : undefined);
  }

  /** What the kept session that the client names came to, once its operation is done. */
  async outcomeOf(auth: JsonObject | undefined): Promise<JsonValue | undefined> {
    const sessionId = auth?.session;
    return typeof sessionId === 'string' ? (await this.#deps.store.find(sessionId))?.outcome : undefined;
  }

  /**
   * Completes a stage of a saved session apart from its operation, as fallback pages do. Throws `M_NOT_FOUND` for an
   * unknown session, and what the stage refuses.
   */
  async completeStage(sessionId: string, type: string, auth: JsonObject, request: UiaRun['request']): Promise<void> {
    const session = await this.#deps.store.find(sessionId);
    const stage = this.#stages.get(type);
    if (session === undefined || stage === undefined) throw new MatrixError('M_NOT_FOUND', 'Unknown session');
    if (session.completed.has(type)) return;
    const outcome = await stage.verify({ session, auth, userId: session.userId, request });
    await this.#complete(type, outcome, session);
  }

  /** Whether a stage of a saved session has been completed; `undefined` for an unknown session. */
  async isCompleted(sessionId: string, type: string): Promise<boolean | undefined> {
    return (await this.#deps.store.find(sessionId))?.completed.has(type);
  }

  /** Whether a stage of this type has been added. */
  hasStage(type: string): boolean {
    return this.#stages.has(type);
  }

  /** What fallback pages show for a stage. */
  stageParams(type: string): JsonObject | undefined {
    const stage = this.#stages.get(type);
    return stage === undefined ? undefined : (stage.params?.() ?? {});
  }

  /** Deletes sessions that nobody came back to for two days. */
  sweep(): Promise<void> {
    return sweepSessions(this.#deps, (type, result) => this.#stages.get(type)?.release?.(result) ?? []);
  }

  async #flowsOf(requester: Requester | undefined): Promise<readonly Flow[]> {
    const password: Flow[] = this.#deps.config.passwordsEnabled ? [['m.login.password']] : [];
    if (requester === undefined) return password;
    const account = await this.#deps.users.find(requester.userId);
    const stages = await Promise.all(this.accountStages.map((stagesOf) => stagesOf(requester.userId)));
    return [...(account?.passwordHash === undefined ? [] : password), ...stages.flat().map((stage) => [stage])];
  }

  async #isRecent(requester: Requester | undefined): Promise<boolean> {
    const { clock, config, sessions } = this.#deps;
    if (config.uiAuthSessionTimeoutMs === 0 || requester?.tokenId === undefined) return false;
    const session = await sessions.find(requester.tokenId);
    return session !== undefined && clock.now() - session.authenticatedTs < config.uiAuthSessionTimeoutMs;
  }

  /** The session that the client names, checked against the request; a new one where it names none. */
  async #session(run: LazyRun): Promise<UiaSession> {
    const sessionId = run.auth?.session;
    if (typeof sessionId !== 'string') {
      if (run.requester === undefined) this.#deps.limitBeginning(run.request.ip);
      return newSession(this.#deps.random.text(SESSION_ID_LENGTH), run);
    }
    const session = await this.#deps.store.find(sessionId);
    if (session === undefined || session.userId !== run.requester?.userId) {
      throw unknownSession();
    }
    if (session.method !== run.request.method || operationOf(session.path) !== operationOf(run.request.path)) {
      throw operationChanged();
    }
    this.#takeBody(session, run);
    return session;
  }

  #takeBody(session: UiaSession, { clientDict, isPinned = true }: LazyRun): void {
    if (Object.keys(clientDict).length === 0) return;
    if (!isPinned) session.body = { ...session.body, ...clientDict };
    // Until something has been proved, the session stands for nothing and may take on any body.
    else if (session.completed.size === 0) session.body = clientDict;
    else if (!isDeepStrictEqual(session.body, JSON.parse(JSON.stringify(clientDict)))) throw operationChanged();
  }

  async #attempt(type: string, session: UiaSession, flows: readonly Flow[], run: LazyRun): Promise<void> {
    const stage = this.#stages.get(type);
    const isNext = flows.some((flow) => {
      const place = flow.indexOf(type);
      return place >= 0 && flow.slice(0, place).every((before) => session.completed.has(before));
    });
    try {
      if (stage === undefined || !isNext) {
        throw new MatrixError('M_UNRECOGNIZED', 'This stage is not one of the next', { status: 401 });
      }
      const outcome = await stage.verify({
        session,
        auth: run.auth ?? {},
        userId: run.requester?.userId,
        request: run.request,
      });
      if (outcome.statements !== undefined) await this.#save(session, run);
      await this.#complete(type, outcome, session);
    } catch (error) {
      if (!(error instanceof MatrixError) || error.status !== 401) throw error;
      await this.#save(session, run);
      throw this.#incomplete(session, flows, error);
    }
  }

  /** Writes the completion down; that of a session not in the database yet waits for `#save`. */
  async #complete(
    type: string,
    { result, statements = [], refusal }: StageOutcome,
    session: UiaSession,
  ): Promise<void> {
    if (session.isSaved) {
      try {
        await this.#deps.transactor.commit((batch) => {
          for (const { statement, expectRows } of statements) batch.add(statement, expectRows);
          batch.add(this.#deps.store.isStillOpen(session.sessionId), 1);
          batch.add(this.#deps.store.insertStage(session.sessionId, type, result));
        });
      } catch (error) {
        if (!(error instanceof BatchConflict)) throw error;
        if (refusal !== undefined && (error.statement ?? 0) < statements.length) throw refusal;
        if (error.statement === statements.length) throw unknownSession();
        // Otherwise another request has completed it meanwhile.
      }
    }
    session.completed.set(type, result);
  }

  async #save(session: UiaSession, run: LazyRun): Promise<void> {
    const { clock, store, transactor } = this.#deps;
    session.secret ??= await run.secret();
    if (JSON.stringify(session.body).length > MAX_BODY_LENGTH) {
      throw new MatrixError('M_TOO_LARGE', 'The request is too large');
    }
    await transactor.commit((batch) => {
      if (session.isSaved) {
        batch.add(store.update(session));
        return;
      }
      batch.add(store.insert(session, clock.now()));
      for (const [type, result] of session.completed) batch.add(store.insertStage(session.sessionId, type, result));
    });
    session.isSaved = true;
  }

  /** A proof serves one operation, once: of two requests that come with it, one wins. */
  async #useUp(session: UiaSession): Promise<void> {
    const [remove, removeStages] = this.#deps.store.remove(session.sessionId);
    try {
      await this.#deps.transactor.commit((batch) => {
        batch.add(remove, 1);
        batch.add(removeStages);
      });
    } catch (error) {
      if (error instanceof BatchConflict) throw unknownSession();
      throw error;
    }
  }

  async #markAuthenticated(tokenId: number): Promise<void> {
    const { clock, config, sessions, transactor } = this.#deps;
    if (config.uiAuthSessionTimeoutMs === 0) return;
    await transactor.commit((batch) => batch.add(sessions.authenticated(tokenId, clock.now())));
  }

  #incomplete(session: UiaSession, flows: readonly Flow[], failure?: MatrixError): InteractionRequired {
    const params: JsonObject = {};
    for (const type of new Set(flows.flat())) {
      const own = this.#stages.get(type)?.params?.();
      if (own !== undefined) params[type] = own;
    }
    return new InteractionRequired(
      { session: session.sessionId, flows, params, completed: [...session.completed.keys()] },
      failure,
    );
  }
}

/** The path without the prefix of its API version: clients may go on with an alias. */
const operationOf = (path: string): string => path.replace(/^\/_matrix\/client\/(v3|r0|v1|unstable|api\/v1)\//, '/');

const unknownSession = (): MatrixError => new MatrixError('M_UNKNOWN', 'Unknown session ID', { status: 400 });

const operationChanged = (): MatrixError =>
  new MatrixError('M_UNKNOWN', 'The operation has changed since its authentication began', { status: 403 });
