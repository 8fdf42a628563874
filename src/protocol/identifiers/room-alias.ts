import type { RoomAlias } from './index.ts';
import { isDomainId } from './user-id.ts';

/**
 * A room alias (`#localpart:server`), or `undefined`.
 * https://spec.matrix.org/v1.19/appendices/#room-aliases
 */
export function parseRoomAlias(text: string): RoomAlias | undefined {
  return isDomainId('#', text) ? (text as RoomAlias) : undefined;
}
