import type { SyncSources } from './sources.ts';

const NO_KEYS = { counts: {}, unusedFallbackTypes: [] };

/** Slices that have nothing to tell, for tests of rooms alone. */
export const NO_SOURCES: SyncSources = {
  filterById: async () => undefined,
  ignoredBy: async () => new Set(),
  accountData: { global: async () => [], rooms: async () => new Map() },
  receipts: async () => new Map(),
  typing: () => new Map(),
  unread: async () => new Map(),
  presence: { since: async () => [], touch: async () => undefined },
  toDevice: {
    messages: async (_user, _device, { upTo }) => ({ messages: [], upTo }),
    acknowledge: async () => undefined,
  },
  devices: {
    changes: async () => ({ changed: [], left: [] }),
    keyStock: () => NO_KEYS,
  },
  strippedState: async () => [],
};
