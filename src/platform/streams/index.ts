/**
 * The stream of committed changes: positions, sync tokens, and wake-ups that say where to look. Readers compare positions
 * and read the database after; nothing here carries content. Not here: what the changes are, which each feature's tables
 * say, and the reading of them, which is `features/sync`.
 */
export { ChangeCache } from './change-cache.ts';
export { createStreams, type StreamsOptions } from './create-streams.ts';
export type { StreamBatch, StreamPosition, Streams, WakeTarget } from './ports.ts';
export type { Audience, AudienceOf } from './recent-wakes.ts';
export {
  decodeSyncToken,
  decodeVectorToken,
  encodeSyncToken,
  encodeVectorToken,
  type StreamVector,
  type WriterId,
} from './sync-token.ts';
