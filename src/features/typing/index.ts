/**
 * Typing notifications: who is typing in which room, for the moment. Here are the endpoint and what `/sync` tells of it; all
 * in memory, nothing in the database.
 */
import type { Route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { EventHook, Rooms } from '#rooms/index.ts';
import { typingRoutes } from './routes.ts';
import { Typing } from './typing.ts';

export type { Typing } from './typing.ts';

export interface TypingDeps {
  readonly clock: Clock;
  readonly rooms: Pick<Rooms, 'streams' | 'visibility'>;
  /** Told of whoever types: presence follows it. */
  readonly onActivity: (userId: UserId) => void;
}

export interface TypingFeature {
  readonly routes: readonly Route[];
  /** To be registered with the room engine. */
  readonly hook: EventHook;
  readonly typing: Typing;
}

export function typingFeature({ clock, rooms, onActivity }: TypingDeps): TypingFeature {
  const typing = new Typing(rooms.streams, clock);
  return { typing, hook: typing, routes: typingRoutes(typing, { visibility: rooms.visibility, onActivity }) };
}
