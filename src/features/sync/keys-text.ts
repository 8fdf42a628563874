import type { KeyStock, SyncSources } from './sources.ts';
import type { SyncRequest } from './sync-request.ts';

/** What is told of stocks of keys: every answer tells it, and it seldom changes. */
const KEY_TEXTS = new WeakMap<KeyStock, string>();

/** How many keys the device has left. */
export function keysText({ userId, deviceId }: SyncRequest, devices: SyncSources['devices']): string | Promise<string> {
  if (deviceId === undefined) return '"device_unused_fallback_key_types":[]';
  const stock = devices.keyStock(userId, deviceId);
  return stock instanceof Promise ? stock.then(textOf) : textOf(stock);
}

function textOf(stock: KeyStock): string {
  let text = KEY_TEXTS.get(stock);
  if (text === undefined) {
    const fallback = JSON.stringify(stock.unusedFallbackTypes);
    text =
      `"device_one_time_keys_count":${JSON.stringify(stock.counts)},"device_unused_fallback_key_types":${fallback},` +
      `"org.matrix.msc2732.device_unused_fallback_key_types":${fallback}`;
    KEY_TEXTS.set(stock, text);
  }
  return text;
}
