import { parseRoomId, type UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { SpaceChild } from './space-child-store.ts';

/** https://spec.matrix.org/v1.19/client-server-api/#mspacechild */
const ORDER = /^[\x20-\x7e]{1,50}$/;

/** The child that an `m.space.child` event names, `undefined` if it names none: without `via` it has been removed. */
export function readSpaceChild(event: {
  readonly stateKey: string;
  readonly sender: UserId;
  readonly originServerTs: number;
  readonly content: JsonObject;
}): SpaceChild | undefined {
  const roomId = parseRoomId(event.stateKey);
  const { via, order, suggested } = event.content;
  if (roomId === undefined || !Array.isArray(via) || via.length === 0) return undefined;
  return {
    roomId,
    order: typeof order === 'string' && ORDER.test(order) ? order : undefined,
    isSuggested: suggested === true,
    content: JSON.stringify(event.content),
    sender: event.sender,
    originServerTs: event.originServerTs,
  };
}

/** https://spec.matrix.org/v1.19/client-server-api/#ordering-of-children-within-a-space */
export function compareChildren(a: SpaceChild, b: SpaceChild): number {
  if (a.order !== b.order) {
    if (a.order === undefined) return 1;
    if (b.order === undefined) return -1;
    return a.order < b.order ? -1 : 1;
  }
  if (a.originServerTs !== b.originServerTs) return a.originServerTs - b.originServerTs;
  return a.roomId < b.roomId ? -1 : 1;
}
