import { getNotifications } from '#api/client/notifications.ts';
import { getPushers, postPusher } from '#api/client/pusher.ts';
import { JsonText, type Route, route } from '#api/endpoint.ts';
import type { NotificationList } from './notification-list.ts';
import type { Pushers } from './pushers.ts';

export function notificationRoutes(list: NotificationList, pushers: Pushers): readonly Route[] {
  return [
    route(getNotifications, async ({ requester, query }) => new JsonText(await list.page(requester, query))),
    route(getPushers, async ({ requester: { userId } }) => ({ pushers: await pushers.list(userId) })),
    route(postPusher, async ({ requester, body }) => {
      await pushers.set(requester, body);
      return {};
    }),
  ];
}
