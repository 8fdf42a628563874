import type { RoomId } from './index.ts';
import { isDomainId } from './user-id.ts';

const HASHED = /^![A-Za-z0-9_-]{43}$/;

/**
 * A room id with a domain (`!opaque:server`) or, from room version 12, without one (`!` and a base64url SHA-256); or
 * `undefined`.
 * https://spec.matrix.org/v1.19/appendices/#room-ids
 */
export function parseRoomId(text: string): RoomId | undefined {
  return HASHED.test(text) || isDomainId('!', text) ? (text as RoomId) : undefined;
}
