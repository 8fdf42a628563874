import { setTyping } from '#api/client/typing.ts';
import { type Route, route } from '#api/endpoint.ts';
import { forbidden } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { Visibility } from '#rooms/index.ts';
import type { Typing } from './typing.ts';

/** What a client that does not say types for. */
const DEFAULT_TIMEOUT_MS = 30_000;
/** Nobody types for longer without saying so again. */
const MAX_TIMEOUT_MS = 120_000;

export interface TypingRouteDeps {
  readonly visibility: Pick<Visibility, 'requireJoined'>;
  readonly onActivity: (userId: UserId) => void;
}

export function typingRoutes(typing: Typing, { visibility, onActivity }: TypingRouteDeps): readonly Route[] {
  return [
    route(setTyping, async ({ requester, params: { roomId, userId }, body }) => {
      if (userId !== requester.userId) throw forbidden('You cannot type for others');
      await visibility.requireJoined(roomId, userId);
      onActivity(userId);
      // They are not to know that nobody hears them.
      if (requester.isShadowBanned) return {};
      if (body.typing) typing.start(roomId, userId, timeoutOf(body.timeout));
      else typing.stop(roomId, userId);
      return {};
    }),
  ];
}

function timeoutOf(timeoutMs: number | undefined): number {
  return Math.min(Math.max(timeoutMs ?? DEFAULT_TIMEOUT_MS, 0), MAX_TIMEOUT_MS);
}
