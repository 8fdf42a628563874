import type { Clock } from '#platform/clock/index.ts';
import type { SessionsConfig } from '#platform/config/index.ts';

export type LifetimesConfig = Pick<
  SessionsConfig,
  | 'sessionLifetimeMs'
  | 'refreshTokenLifetimeMs'
  | 'refreshableAccessTokenLifetimeMs'
  | 'nonrefreshableAccessTokenLifetimeMs'
>;

/** When what is made now expires: milliseconds since the epoch, `undefined` for never. No token outlives its session. */
export class TokenLifetimes {
  constructor(
    private readonly config: LifetimesConfig,
    private readonly clock: Clock,
  ) {}

  sessionEnd(): number | undefined {
    const { sessionLifetimeMs } = this.config;
    return sessionLifetimeMs === undefined ? undefined : this.clock.now() + sessionLifetimeMs;
  }

  /** How long the access token of a new session lasts. */
  accessTokenMs(isRefreshable: boolean): number | undefined {
    const { nonrefreshableAccessTokenLifetimeMs, sessionLifetimeMs } = this.config;
    if (isRefreshable) return this.refreshable(this.sessionEnd()).accessTs - this.clock.now();
    return nonrefreshableAccessTokenLifetimeMs ?? sessionLifetimeMs;
  }

  /** Of a pair of tokens in a session that ends at `sessionEnd`. */
  refreshable(sessionEnd = Infinity): { readonly accessTs: number; readonly refreshTs: number | undefined } {
    const { refreshTokenLifetimeMs = Infinity, refreshableAccessTokenLifetimeMs } = this.config;
    const nowMs = this.clock.now();
    const refreshTs = Math.min(nowMs + refreshTokenLifetimeMs, sessionEnd);
    return {
      accessTs: Math.min(nowMs + refreshableAccessTokenLifetimeMs, sessionEnd),
      refreshTs: refreshTs === Infinity ? undefined : refreshTs,
    };
  }
}
