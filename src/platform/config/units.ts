/** Durations and sizes as Synapse writes them: a number, or a number with a suffix. */

const DURATION_MS: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};

const SIZE_BYTES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Milliseconds, or undefined for what is no duration. A bare number is milliseconds; `s m h d w y` are suffixes. */
export function parseDurationMs(value: unknown): number | undefined {
  return parseWithSuffix(value, DURATION_MS);
}

/** Bytes, or undefined for what is no size. `K M G T` are powers of 1024, in either case, with or without a `B`. */
export function parseSizeBytes(value: unknown): number | undefined {
  return parseWithSuffix(
    typeof value === 'string' ? value.trim().toLowerCase().replace(/i?b$/, '') : value,
    SIZE_BYTES,
  );
}

function parseWithSuffix(value: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(value.trim());
  const unit = match === null ? undefined : units[match[2] ?? ''];
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}
