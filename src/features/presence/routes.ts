import { getPresence, setPresence } from '#api/client/presence.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import { forbidden, invalidParam } from '#protocol/errors.ts';
import { fitsBytes } from '#protocol/identifiers/index.ts';
import type { MembershipStore } from '#rooms/index.ts';
import type { Presence } from './presence.ts';
import { presenceContent } from './user-presence.ts';

/** Far above what anybody reads beside a name. */
const MAX_STATUS_BYTES = 4096;

export interface PresenceRouteDeps {
  readonly presence: Presence;
  readonly members: Pick<MembershipStore, 'shareRoom'>;
  readonly clock: Clock;
}

export function presenceRoutes({ presence, members, clock }: PresenceRouteDeps): readonly Route[] {
  return [
    route(getPresence, async ({ requester, params: { userId } }) => {
      const mayAsk = userId === requester.userId || (await members.shareRoom(requester.userId, userId));
      if (!mayAsk) throw forbidden('You are not allowed to see their presence');
      const { shown, lastActiveTs } = await presence.get(userId);
      return presenceContent(shown, lastActiveTs, clock.now());
    }),
    route(setPresence, async ({ requester, params: { userId }, body }) => {
      if (userId !== requester.userId) throw forbidden('You cannot set the presence of others');
      const { presence: state, status_msg: statusMsg } = body;
      if (statusMsg !== undefined && !fitsBytes(statusMsg, MAX_STATUS_BYTES)) {
        throw invalidParam(`'status_msg' must not exceed ${MAX_STATUS_BYTES} bytes`);
      }
      await presence.set(userId, requester.deviceId, state, statusMsg === '' ? undefined : statusMsg);
      return {};
    }),
  ];
}
