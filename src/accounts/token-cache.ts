import type { Requester } from '#api/requester.ts';
import type { UserId } from '#protocol/identifiers/index.ts';

/** What a checked access token stands for. */
export interface Credential {
  readonly requester: Requester;
  /** Milliseconds since the epoch. */
  readonly expiresTs: number | undefined;
  readonly isLocked: boolean;
  /** The administrator who acts as this user. */
  readonly puppetedBy: UserId | undefined;
}

/** Checked access tokens, the most recently used. Whatever changes an account forgets its tokens once it is committed. */
export class TokenCache {
  /** In order of use. */
  readonly #credentials = new Map<string, Credential>();
  readonly #tokensOf = new Map<UserId, Set<string>>();
  #generation = 0;

  constructor(private readonly maxTokens: number) {}

  /** Changes whenever something is forgotten: what was read before then may be out of date. */
  get generation(): number {
    return this.#generation;
  }

  get(token: string): Credential | undefined {
    const credential = this.#credentials.get(token);
    if (credential === undefined) return undefined;
    // The order matters only once something must go, and keeping it costs far more than finding a token.
    if (this.#credentials.size < this.maxTokens / 2) return credential;
    this.#credentials.delete(token);
    this.#credentials.set(token, credential);
    return credential;
  }

  /** Keeps what was read at `generation`, unless something has been forgotten since. */
  set(token: string, credential: Credential, generation: number): void {
    if (generation !== this.#generation) return;
    this.#credentials.set(token, credential);
    const { userId } = credential.requester;
    const tokens = this.#tokensOf.get(userId);
    if (tokens === undefined) this.#tokensOf.set(userId, new Set([token]));
    else tokens.add(token);
    for (const oldest of this.#credentials.keys()) {
      if (this.#credentials.size <= this.maxTokens) break;
      this.#drop(oldest);
    }
  }

  forgetUser(userId: UserId): void {
    this.#generation++;
    for (const token of this.#tokensOf.get(userId) ?? []) this.#credentials.delete(token);
    this.#tokensOf.delete(userId);
  }

  #drop(token: string): void {
    const userId = this.#credentials.get(token)?.requester.userId;
    this.#credentials.delete(token);
    if (userId === undefined) return;
    const tokens = this.#tokensOf.get(userId);
    tokens?.delete(token);
    if (tokens?.size === 0) this.#tokensOf.delete(userId);
  }
}
