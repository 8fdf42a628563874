import type { RoomVersionRules } from '../room-versions/index.ts';

const INTEGER_TEXT = /^\s*[+-]?\d+\s*$/;

/**
 * One power level as it stands in content, or `undefined` where it is none. From room version 10 only integers are;
 * before, also numbers with a fraction (cut at the point) and decimal integers as text.
 * https://spec.matrix.org/v1.19/rooms/v1/#deprecated-event-content-schemas
 */
export function parseLevel(value: unknown, rules: Pick<RoomVersionRules, 'integerPowerLevels'>): number | undefined {
  if (rules.integerPowerLevels) return Number.isSafeInteger(value) ? (value as number) : undefined;
  if (typeof value === 'number') return truncated(value);
  return typeof value === 'string' && INTEGER_TEXT.test(value) ? truncated(Number(value)) : undefined;
}

function truncated(value: number): number | undefined {
  // `JSON.parse` reads a number beyond a double as Infinity, which the spec rejects. Adding 0 makes -0 into 0.
  return Number.isFinite(value) ? Math.trunc(value) + 0 : undefined;
}
