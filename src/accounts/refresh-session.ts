import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import { BatchConflict } from '#platform/storage/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { softLogout, unknownToken, userLocked } from './errors.ts';
import type { RefreshTokenRow, SessionStore } from './session-store.ts';
import { createToken, hashToken } from './token.ts';
import type { TokenCache } from './token-cache.ts';
import type { TokenLifetimes } from './token-lifetimes.ts';

export interface RefreshedTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresInMs: number;
}

interface RefreshDeps {
  readonly store: SessionStore;
  readonly cache: TokenCache;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly random: Random;
  readonly lifetimes: TokenLifetimes;
}

/** Exchanges a refresh token: see `Sessions.refresh`. */
export async function refreshSession(refreshToken: string, deps: RefreshDeps): Promise<RefreshedTokens> {
  const { store, cache, streams, clock, random, lifetimes } = deps;
  const hash = hashToken(refreshToken);
  const nowMs = clock.now();
  const row = checked(await store.findRefreshToken(hash), nowMs);
  const { session_id: sessionId, refreshed_from: settled } = row;
  const { accessTs, refreshTs } = lifetimes.refreshable(row.session_expires_ts ?? undefined);
  const tokens = { accessToken: createToken('access', random), refreshToken: createToken('refresh', random) };
  const access = { sessionId, refreshedFrom: hash, hash: hashToken(tokens.accessToken), expiresTs: accessTs };
  const refresh = { sessionId, refreshedFrom: hash, hash: hashToken(tokens.refreshToken), expiresTs: refreshTs };
  try {
    await streams.commit((batch) => {
      batch.add(store.refreshTokenExists(hash), 1);
      // This token is in use, which settles the exchange that gave it.
      if (settled !== null) for (const each of store.settleRefresh(settled, sessionId, nowMs)) batch.add(each);
      for (const each of store.dropSuccessors(hash, sessionId)) batch.add(each);
      batch.add(store.insertAccessToken(access, nowMs));
      batch.add(store.insertRefreshToken(refresh, nowMs));
      batch.afterAttempt(() => cache.forgetUser(row.user_id as UserId));
    });
  } catch (error) {
    if (error instanceof BatchConflict) throw unknownToken();
    throw error;
  }
  return { ...tokens, expiresInMs: accessTs - nowMs };
}

function checked(row: RefreshTokenRow | undefined, nowMs: number): RefreshTokenRow {
  if (row === undefined || row.is_deactivated === 1) throw unknownToken();
  if (row.is_locked === 1) throw userLocked();
  const ends = Math.min(row.expires_ts ?? Infinity, row.session_expires_ts ?? Infinity);
  if (ends <= nowMs) throw softLogout('The session has expired');
  return row;
}
