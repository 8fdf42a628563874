import { createToken, hashToken } from '#accounts/index.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Statement } from '#platform/storage/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { OpenidTokenStore } from './openid-token-store.ts';

/** https://spec.matrix.org/v1.19/client-server-api/#openid */
export class OpenidTokens {
  constructor(
    private readonly store: OpenidTokenStore,
    private readonly streams: Streams,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  async create(userId: UserId, lifetimeMs: number): Promise<string> {
    const token = createToken('openid', this.random);
    await this.streams.commit((batch) => {
      batch.add(this.store.insert(hashToken(token), userId, this.clock.now() + lifetimeMs));
    });
    return token;
  }

  /** Throws `M_MISSING_TOKEN`, `M_UNKNOWN_TOKEN`. */
  async ownerOf(token: string | undefined): Promise<UserId> {
    if (token === undefined) throw new MatrixError('M_MISSING_TOKEN', 'The access token is missing');
    const userId = await this.store.find(hashToken(token), this.clock.now());
    if (userId === undefined) throw new MatrixError('M_UNKNOWN_TOKEN', 'The access token is unknown or has expired');
    return userId;
  }

  revokeAll(userId: UserId): Statement {
    return this.store.removeOf(userId);
  }

  async sweep(): Promise<void> {
    await this.streams.commit((batch) => batch.add(this.store.removeExpired(this.clock.now())));
  }
}
