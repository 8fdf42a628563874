import type { Stage } from '#accounts/index.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { RateLimiter } from '#platform/http/index.ts';
import type { Random } from '#platform/random/index.ts';
import { BatchConflict, isStorableText, type Statement } from '#platform/storage/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import { invalidParam, MatrixError, notFound } from '#protocol/errors.ts';
import { isJsonObject, type JsonValue } from '#protocol/json.ts';
import type { RegistrationToken, RegistrationTokenStore } from './registration-token-store.ts';

export const REGISTRATION_TOKEN_STAGE = 'm.login.registration_token';
const GRAMMAR = /^[A-Za-z0-9._~-]{1,64}$/;
const DEFAULT_LENGTH = 16;
const MAX_USES = 2 ** 31 - 1;

/** What an administrator says of a token. */
export interface TokenTerms {
  /** `undefined`: any number. */
  readonly usesAllowed: number | undefined;
  /** Milliseconds since the epoch; `undefined`: never. */
  readonly expiresTs: number | undefined;
}

/** Tokens that let people register. https://spec.matrix.org/v1.19/client-server-api/#token-authenticated-registration */
export class RegistrationTokens {
  constructor(
    private readonly store: RegistrationTokenStore,
    private readonly streams: Streams,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** Whether somebody could begin to register with it now. */
  async isUsable(token: string): Promise<boolean> {
    return isStorableText(token) && (await this.store.isUsable(token, this.clock.now()));
  }

  find(token: string): Promise<RegistrationToken | undefined> {
    return this.store.find(token);
  }

  /** All of them, or those that can or cannot be used now. */
  async list(usable?: boolean): Promise<RegistrationToken[]> {
    const nowMs = this.clock.now();
    const tokens = await this.store.all();
    return usable === undefined ? tokens : tokens.filter((token) => isUsableAt(token, nowMs) === usable);
  }

  /** Makes one of `token`'s name, or of `length` (1 to 64, default 16) random characters. Throws `M_INVALID_PARAM`. */
  async create(
    name: { readonly token?: string | undefined; readonly length?: number | undefined },
    terms: TokenTerms,
  ): Promise<RegistrationToken> {
    const length = name.length ?? DEFAULT_LENGTH;
    if (!Number.isInteger(length) || length < 1 || length > 64) throw invalidParam('length must be from 1 to 64');
    const token = name.token ?? this.random.text(length);
    if (!GRAMMAR.test(token)) throw invalidParam('token must be 1 to 64 of the characters A-Z, a-z, 0-9 and . _ ~ -');
    this.#checkTerms(terms);
    try {
      await this.streams.commit((batch) => batch.add(this.store.insert(token, terms.usesAllowed, terms.expiresTs)));
    } catch (error) {
      if (error instanceof BatchConflict) throw invalidParam(`The token ${token} exists already`);
      throw error;
    }
    return { token, ...terms, pending: 0, completed: 0 };
  }

  /** Changes the terms that are given. Throws `M_NOT_FOUND`, `M_INVALID_PARAM`. */
  async update(token: string, change: Partial<TokenTerms>): Promise<RegistrationToken> {
    const known = await this.store.find(token);
    if (known === undefined) throw noSuchToken(token);
    const terms = { usesAllowed: known.usesAllowed, expiresTs: known.expiresTs, ...change };
    this.#checkTerms({
      usesAllowed: terms.usesAllowed,
      expiresTs: 'expiresTs' in change ? change.expiresTs : undefined,
    });
    await this.streams.commit((batch) => batch.add(this.store.update(token, terms.usesAllowed, terms.expiresTs)));
    return { ...known, ...terms };
  }

  /** Throws `M_NOT_FOUND`. */
  async delete(token: string): Promise<void> {
    try {
      await this.streams.commit((batch) => batch.add(this.store.remove(token), 1));
    } catch (error) {
      if (error instanceof BatchConflict) throw noSuchToken(token);
      throw error;
    }
  }

  /** What the account's batch adds, when the stage was completed with this result. */
  completion(result: JsonValue | undefined): readonly Statement[] {
    const token = tokenOf(result);
    return token === undefined ? [] : [this.store.complete(token)];
  }

  /** The stage holds one use of the token until the account is made, or the session expires. */
  stage(guesses: Pick<RateLimiter, 'check' | 'record'>): Stage {
    return {
      type: REGISTRATION_TOKEN_STAGE,
      verify: async ({ auth: { token }, request: { ip } }) => {
        if (typeof token !== 'string') {
          throw new MatrixError('M_MISSING_PARAM', 'Missing registration token', { status: 401 });
        }
        // Wrong ones count as questions after their validity do, so that nobody guesses here instead.
        guesses.check(`ip ${ip}`);
        if (!(await this.isUsable(token))) {
          guesses.record(`ip ${ip}`);
          throw invalidToken();
        }
        const statement = this.store.reserve(token, this.clock.now());
        return { result: { token }, statements: [{ statement, expectRows: 1 }], refusal: invalidToken() };
      },
      release: (result) => {
        const token = tokenOf(result);
        return token === undefined ? [] : [this.store.release(token)];
      },
    };
  }

  #checkTerms({ usesAllowed, expiresTs }: TokenTerms): void {
    if (usesAllowed !== undefined && !(Number.isInteger(usesAllowed) && usesAllowed >= 0 && usesAllowed <= MAX_USES)) {
      throw invalidParam('uses_allowed must be a non-negative integer');
    }
    if (expiresTs !== undefined && !(Number.isSafeInteger(expiresTs) && expiresTs >= this.clock.now())) {
      throw invalidParam('expiry_time must not be in the past');
    }
  }
}

const invalidToken = (): MatrixError => new MatrixError('M_UNAUTHORIZED', 'Invalid registration token');

const noSuchToken = (token: string): MatrixError => notFound(`There is no registration token ${token}`);

function tokenOf(result: JsonValue | undefined): string | undefined {
  const token = isJsonObject(result) ? result.token : undefined;
  return typeof token === 'string' ? token : undefined;
}

function isUsableAt({ usesAllowed, pending, completed, expiresTs }: RegistrationToken, nowMs: number): boolean {
  return (
    (expiresTs === undefined || expiresTs >= nowMs) && (usesAllowed === undefined || usesAllowed > pending + completed)
  );
}
