import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Requester } from '#api/requester.ts';
import { VirtualClock } from '#platform/clock/index.ts';
import { RATE_LIMIT_DEFAULTS } from '#platform/config/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import { createRateLimiter, createRateLimits } from './index.ts';

/** Milliseconds that a refusal asks to wait; 0 when there was none. */
function refusedFor(act: () => void): number {
  try {
    act();
    return 0;
  } catch (error) {
    if (!(error instanceof MatrixError) || error.errcode !== 'M_LIMIT_EXCEEDED') throw error;
    expect(error.status).toBe(429);
    return error.fields.retry_after_ms as number;
  }
}

test('a bucket gives its burst at once, then what flows in', async () => {
  const clock = new VirtualClock();
  const limiter = createRateLimiter({ perSecond: 0.5, burstCount: 3 }, clock);
  const take = () => refusedFor(() => limiter.take('a'));
  expect([take(), take(), take(), take()]).toEqual([0, 0, 0, 2000]);
  await clock.advance(1500);
  expect(take()).toBe(500);
  await clock.advance(500);
  expect([take(), take()]).toEqual([0, 2000]);
});

test('each key has a bucket of its own', () => {
  const limiter = createRateLimiter({ perSecond: 1, burstCount: 1 }, new VirtualClock());
  limiter.take('a');
  expect(refusedFor(() => limiter.take('a'))).toBe(1000);
  expect(refusedFor(() => limiter.take('b'))).toBe(0);
});

test('checking takes nothing, recording never refuses', () => {
  const limiter = createRateLimiter({ perSecond: 1, burstCount: 2 }, new VirtualClock());
  for (let i = 0; i < 5; i++) limiter.check('a');
  for (let i = 0; i < 3; i++) limiter.record('a');
  expect(refusedFor(() => limiter.check('a'))).toBe(2000);
});

test('several actions are taken at once or not at all', () => {
  const limiter = createRateLimiter({ perSecond: 1, burstCount: 5 }, new VirtualClock());
  limiter.take('a', { count: 3 });
  expect(refusedFor(() => limiter.take('a', { count: 3 }))).toBe(1000);
  expect(refusedFor(() => limiter.take('a', { count: 2 }))).toBe(0);
});

test('a bucket that is never refilled says to wait long, and one of no size lets nothing through', () => {
  const clock = new VirtualClock();
  expect(refusedFor(() => createRateLimiter({ perSecond: 0, burstCount: 0 }, clock).take('a'))).toBe(3_600_000);
  expect(refusedFor(() => createRateLimiter({ perSecond: 1, burstCount: 0 }, clock).take('a'))).toBe(1000);
});

test('waiting as long as told is always enough', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: 0.001, max: 1000, noNaN: true }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 40 }),
      async (perSecond, burstCount, pauses) => {
        const clock = new VirtualClock();
        const limiter = createRateLimiter({ perSecond, burstCount }, clock);
        for (const pauseMs of pauses) {
          await clock.advance(pauseMs);
          const waitMs = refusedFor(() => limiter.take('a'));
          if (waitMs === 0) continue;
          await clock.advance(waitMs);
          expect(refusedFor(() => limiter.take('a'))).toBe(0);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('over any time, no more gets through than burst and flow allow', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 200 }), async (pauses) => {
      const clock = new VirtualClock();
      const limiter = createRateLimiter({ perSecond: 2, burstCount: 5 }, clock);
      let passed = 0;
      let elapsedMs = 0;
      for (const pauseMs of pauses) {
        await clock.advance(pauseMs);
        elapsedMs += pauseMs;
        if (refusedFor(() => limiter.take('a')) === 0) passed += 1;
        expect(passed).toBeLessThanOrEqual(5 + (elapsedMs / 1000) * 2 + 1e-6);
      }
    }),
    { numRuns: 50 },
  );
});

const limits = {
  ...RATE_LIMIT_DEFAULTS,
  rc_message: { perSecond: 1, burstCount: 1 },
  rc_reports: { perSecond: 1, burstCount: 1 },
};
const alice = { userId: '@alice:test' } as Requester;

test('an override replaces the limit on messages only, and of 0 frees from all', async () => {
  const overridden = createRateLimits({
    limits,
    clock: new VirtualClock(),
    overrideOf: async () => ({ perSecond: 10, burstCount: 3 }),
  });
  for (let i = 0; i < 3; i++) await overridden.takeFor('rc_message', alice, 'ip');
  await expect(overridden.takeFor('rc_message', alice, 'ip')).rejects.toThrow('Too many requests');
  await overridden.takeFor('rc_reports', alice, 'ip');
  await expect(overridden.takeFor('rc_reports', alice, 'ip')).rejects.toThrow('Too many requests');

  const free = createRateLimits({
    limits,
    clock: new VirtualClock(),
    overrideOf: () => ({ perSecond: 0, burstCount: 0 }),
  });
  for (let i = 0; i < 9; i++) await free.takeFor('rc_reports', alice, 'ip');
});

test('registrations are refused when too many were recorded', async () => {
  const own = createRateLimits({ limits: RATE_LIMIT_DEFAULTS, clock: new VirtualClock() });
  for (let i = 0; i < 3; i++) await own.takeFor('rc_registration', undefined, '192.0.2.1');
  expect(() => own.checkFor('rc_registration', undefined, '192.0.2.1')).toThrow('Too many requests');
  await own.checkFor('rc_registration', undefined, '192.0.2.2');
});

test('buckets that have filled up again are forgotten', async () => {
  const clock = new VirtualClock();
  const limiter = createRateLimiter({ perSecond: 1000, burstCount: 1 }, clock);
  for (let i = 0; i < 30_000; i++) {
    limiter.take(`key ${i}`);
    if (i % 500 === 0) await clock.advance(1000);
  }
  expect(limiter.size).toBeLessThan(3_000);
});
