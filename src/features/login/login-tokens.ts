import { createToken, hashToken } from '#accounts/index.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import { BatchConflict, type Statement } from '#platform/storage/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import { forbidden } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { LoginTokenStore } from './login-token-store.ts';

/** Short-lived tokens with which another client logs in, once. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv1loginget_token */
export class LoginTokens {
  constructor(
    private readonly store: LoginTokenStore,
    private readonly streams: Streams,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  async create(userId: UserId, lifetimeMs: number): Promise<string> {
    const token = createToken('login', this.random);
    await this.streams.commit((batch) => {
      batch.add(this.store.insert(hashToken(token), userId, this.clock.now() + lifetimeMs));
    });
    return token;
  }

  /** Whose it is. Uses it up. Throws `M_FORBIDDEN` for one that is unknown, expired or used. */
  async redeem(token: string): Promise<UserId> {
    const hash = hashToken(token);
    const userId = await this.store.find(hash, this.clock.now());
    if (userId === undefined) throw invalidToken();
    try {
      await this.streams.commit((batch) => batch.add(this.store.remove(hash), 1));
    } catch (error) {
      if (error instanceof BatchConflict) throw invalidToken();
      throw error;
    }
    return userId;
  }

  revokeAll(userId: UserId): Statement {
    return this.store.removeOf(userId);
  }

  async sweep(): Promise<void> {
    await this.streams.commit((batch) => batch.add(this.store.removeExpired(this.clock.now())));
  }
}

const invalidToken = () => forbidden('Invalid login token');
