import type { CacheBudget } from '#platform/cache/index.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Config } from '#platform/config/index.ts';
import type { RateLimits } from '#platform/http/index.ts';
import type { Jobs } from '#platform/jobs/index.ts';
import type { Log } from '#platform/log/index.ts';
import type { Metrics } from '#platform/metrics/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Storage } from '#platform/storage/ports.ts';
import type { SigningKey } from '#protocol/signing/index.ts';
import type { ReceivingPorts } from '#rooms/index.ts';

/** What the server is made on. Only the composition root holds it whole: slices are given what they need, by name. */
export interface Platform {
  readonly config: Config;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly caches: CacheBudget;
  readonly signingKey: SigningKey;
  readonly jobs: Jobs;
  readonly rateLimits: RateLimits;
  /** What receiving events needs of other servers; without it, nothing is received. */
  readonly receiving?: ReceivingPorts | undefined;
}
