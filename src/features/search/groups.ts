import type { Result, Results } from './find-results.ts';
import { encodeSearchToken, type SearchGroup, type SearchToken } from './search-token.ts';

interface Group {
  readonly results: string[];
  readonly order: number;
  readonly next_batch?: string;
}

/** The results by room or by sender, those with the best result first. */
export function groupsOf(
  { results, next }: Results,
  keys: readonly SearchGroup['key'][],
  { group: within }: SearchToken,
): Record<string, Record<string, Group>> {
  const groups: Record<string, Record<string, Group>> = {};
  for (const key of new Set(keys)) {
    const byValue = new Map<string, Group>();
    for (const result of results) {
      const value = groupOf(result, key);
      const known = byValue.get(value);
      if (known !== undefined) known.results.push(result.event.eventId);
      else {
        const onward = nextOf(next, { key, value }, within);
        byValue.set(value, { results: [result.event.eventId], order: byValue.size + 1, ...onward });
      }
    }
    groups[key] = Object.fromEntries(byValue);
  }
  return groups;
}

/**
 * Where a group goes on. By rank a place is a number of results, which says nothing about a group of them, unless that is all
 * that was looked for.
 */
function nextOf(next: Results['next'], group: SearchGroup, within: SearchGroup | undefined): { next_batch?: string } {
  if (next === undefined) return {};
  const isSame = within?.key === group.key && within.value === group.value;
  if (next.order === 'rank' ? !isSame : within !== undefined && !isSame) return {};
  return { next_batch: encodeSearchToken({ place: next, group }) };
}

function groupOf({ event }: Result, key: SearchGroup['key']): string {
  return key === 'room_id' ? event.roomId : event.sender;
}
