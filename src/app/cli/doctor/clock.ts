import type { Finding } from './finding.ts';

/** Before any of this was written. */
const SURELY_PAST_MS = Date.UTC(2026, 0);
/** A `Date` header has whole seconds, and the answer took its time. */
const TOLERANCE_MS = 30_000;

/**
 * Whether this machine's clock is right: tokens, rate limits and what other servers are sent depend on it. `theirs` is what
 * another machine said a moment ago, where one was asked.
 */
export function checkClock(nowMs: number, theirs: string | undefined): Finding {
  const what = 'clock';
  const text = new Date(nowMs).toISOString();
  const wrong = (detail: string): Finding => ({
    what,
    level: 'fault',
    detail: `it says ${text}${detail}: set it, or other servers refuse what this one sends`,
  });
  if (nowMs < SURELY_PAST_MS) return wrong('');
  const differenceMs = nowMs - Date.parse(theirs ?? '');
  // Also where the other says nothing of the time.
  if (!(Math.abs(differenceMs) > TOLERANCE_MS)) return { what, level: 'ok', detail: text };
  const seconds = Math.round(Math.abs(differenceMs) / 1000);
  return wrong(` and is ${seconds} seconds ${differenceMs > 0 ? 'ahead of' : 'behind'} the server of the well-known`);
}
