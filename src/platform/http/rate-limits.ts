import type { Requester } from '#api/requester.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { LimiterName, RateLimitSettings } from '#platform/config/index.ts';
import { MatrixError } from '#protocol/errors.ts';

export interface TakeOptions {
  /** How many actions at once. Default 1. */
  readonly count?: number;
  /** Instead of the limiter's own settings. */
  readonly settings?: RateLimitSettings;
}

/**
 * Buckets by key, each full at first, holding `burstCount` actions and refilled by `perSecond`.
 * `M_LIMIT_EXCEEDED` says in `retry_after_ms` when there is room again.
 */
export interface RateLimiter {
  /** Takes from the bucket; throws `M_LIMIT_EXCEEDED`, taking nothing, when it is empty. */
  take(key: string, options?: TakeOptions): void;
  /** Throws as `take` would, and takes nothing: for limits on failures, together with `record`. */
  check(key: string, options?: TakeOptions): void;
  /** Takes without ever throwing: an action that happened whether there was room or not. */
  record(key: string, options?: TakeOptions): void;
  /** Milliseconds until there is room, 0 when there is. Takes nothing. */
  waitMs(key: string, options?: TakeOptions): number;
  /** Buckets in memory. */
  readonly size: number;
}

/** A bucket by how much of it is used, at a time. */
interface Bucket {
  used: number;
  atMs: number;
}

/** What `retry_after_ms` says when a bucket is never refilled. */
const NEVER_MS = 3_600_000;
const FIRST_SWEEP_SIZE = 1000;

export function createRateLimiter(settings: RateLimitSettings, clock: Clock): RateLimiter {
  const buckets = new Map<string, Bucket>();
  let sweepAt = FIRST_SWEEP_SIZE;

  const used = (bucket: Bucket | undefined, { perSecond }: RateLimitSettings, nowMs: number): number =>
    bucket === undefined ? 0 : Math.max(0, bucket.used - ((nowMs - bucket.atMs) / 1000) * perSecond);

  const waitMs = (key: string, { count = 1, settings: own = settings }: TakeOptions = {}): number => {
    const excess = used(buckets.get(key), own, clock.monotonic()) + count - own.burstCount;
    // What refilling leaves of an action by rounding is no action.
    if (excess <= 1e-9) return 0;
    return own.perSecond === 0 ? NEVER_MS : Math.ceil((excess / own.perSecond) * 1000);
  };

  const record = (key: string, { count = 1, settings: own = settings }: TakeOptions = {}): void => {
    const nowMs = clock.monotonic();
    buckets.set(key, { used: used(buckets.get(key), own, nowMs) + count, atMs: nowMs });
    if (buckets.size > sweepAt) sweep(nowMs);
  };

  /** Full buckets are as good as absent ones. */
  const sweep = (nowMs: number): void => {
    for (const [key, bucket] of buckets) if (used(bucket, settings, nowMs) === 0) buckets.delete(key);
    sweepAt = Math.max(FIRST_SWEEP_SIZE, buckets.size * 2);
  };

  const check = (key: string, options?: TakeOptions): void => {
    const wait = waitMs(key, options);
    if (wait > 0) throw limitExceeded(wait);
  };

  return {
    waitMs,
    record,
    check,
    get size() {
      return buckets.size;
    },
    take(key, options) {
      check(key, options);
      record(key, options);
    },
  };
}

/** 429 with `retry_after_ms` and `Retry-After`. https://spec.matrix.org/v1.19/client-server-api/#rate-limiting */
export function limitExceeded(retryAfterMs: number): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', 'Too many requests', {
    fields: { retry_after_ms: retryAfterMs },
    headers: { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) },
  });
}

/**
 * A user's own limit, as administrators set it, or that of its appservice: `perSecond: 0` frees from all limits, other
 * values replace those of `rc_message`. Undefined: the usual limits.
 */
export type OverrideOf = (
  requester: Requester,
) => RateLimitSettings | undefined | Promise<RateLimitSettings | undefined>;

export interface RateLimits {
  /** The limiter of a bucket, for what is not limited by user: rooms, accounts that somebody tries to log in to. */
  limiter(name: LimiterName): RateLimiter;
  /** Takes for who asks: by user id, or by address when nobody is logged in. Heeds the user's own limits. */
  takeFor(name: LimiterName, requester: Requester | undefined, ip: string, count?: number): void | Promise<void>;
  /** As `takeFor`, taking nothing. */
  checkFor(name: LimiterName, requester: Requester | undefined, ip: string): void | Promise<void>;
}

export interface RateLimitsOptions {
  readonly limits: Readonly<Record<LimiterName, RateLimitSettings>>;
  readonly clock: Clock;
  readonly overrideOf?: OverrideOf;
}

export function createRateLimits({ limits, clock, overrideOf = () => undefined }: RateLimitsOptions): RateLimits {
  const limiters = new Map(
    Object.entries(limits).map(([name, settings]) => [name as LimiterName, createRateLimiter(settings, clock)]),
  );
  const limiter = (name: LimiterName): RateLimiter => {
    const found = limiters.get(name);
    if (found === undefined) throw new Error(`no rate limit ${name}`);
    return found;
  };
  const act = (
    action: 'take' | 'check',
    name: LimiterName,
    requester: Requester | undefined,
    ip: string,
    count = 1,
  ): void | Promise<void> => {
    if (requester === undefined) return limiter(name)[action](`ip ${ip}`, { count });
    const actUnder = (override: RateLimitSettings | undefined): void => {
      if (override?.perSecond === 0) return;
      const own = override !== undefined && name === 'rc_message' ? { settings: override } : {};
      limiter(name)[action](requester.userId, { count, ...own });
    };
    const override = overrideOf(requester);
    return override instanceof Promise ? override.then(actUnder) : actUnder(override);
  };
  return {
    limiter,
    takeFor: (name, requester, ip, count) => act('take', name, requester, ip, count),
    checkFor: (name, requester, ip) => act('check', name, requester, ip),
  };
}
