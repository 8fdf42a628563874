import type { ReceiptRow } from './tables.ts';

interface ReceiptJson {
  readonly ts: number;
  readonly thread_id?: string;
}

/**
 * The JSON text of an `m.receipt`'s content. Where a user has both a threaded and an unthreaded receipt of a kind at one
 * event, for which the content has only one place, the unthreaded one is told: it says more.
 * https://spec.matrix.org/v1.19/client-server-api/#mreceipt
 */
export function receiptContent(rows: readonly ReceiptRow[]): string {
  const content = new Map<string, Map<string, Map<string, ReceiptJson>>>();
  for (const { event_id: eventId, receipt_type: type, user_id: userId, ts, thread_id: threadId } of rows) {
    const users = entryOf(entryOf(content, eventId), type);
    const known = users.get(userId);
    if (known !== undefined && known.thread_id === undefined) continue;
    users.set(userId, threadId === '' ? { ts } : { ts, thread_id: threadId });
  }
  return JSON.stringify(
    objectOf(content, (types) => objectOf(types, (users) => objectOf(users, (receipt) => receipt))),
  );
}

function entryOf<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let entry = map.get(key);
  if (entry === undefined) {
    entry = new Map();
    map.set(key, entry);
  }
  return entry;
}

function objectOf<V>(map: ReadonlyMap<string, V>, toJson: (value: V) => unknown): object {
  return Object.fromEntries([...map].map(([key, value]) => [key, toJson(value)]));
}
