import type { Accounts, Devices } from '#accounts/index.ts';
import {
  getAdminLockUser,
  getAdminSuspendUser,
  getWhoIs,
  setAdminLockUser,
  setAdminSuspendUser,
} from '#api/client/admin.ts';
import { type Route, route } from '#api/endpoint.ts';
import { forbidden, invalidParam } from '#protocol/errors.ts';
import { type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import { Moderation } from './moderation.ts';

export interface ModerationRoutesDeps {
  readonly accounts: Pick<Accounts, 'users' | 'lifecycle' | 'devices'>;
  readonly serverName: ServerName;
}

export function moderationRoutes({ accounts, serverName }: ModerationRoutesDeps): readonly Route[] {
  const moderation = new Moderation(accounts.users, accounts.lifecycle, serverName);
  return [
    route(getWhoIs, async ({ requester, params: { userId } }) => {
      if (userId !== requester.userId && !requester.isAdmin) throw forbidden('You are not a server administrator');
      if (serverNameOf(userId) !== serverName) throw invalidParam('The user does not belong to this server');
      return { user_id: userId, devices: await connectionsByDevice(accounts.devices, userId) };
    }),
    route(getAdminLockUser, async ({ requester, params }) => ({
      locked: (await moderation.find(requester, params.userId)).isLocked,
    })),
    route(setAdminLockUser, async ({ requester, params, body: { locked } }) => {
      await moderation.setLocked(requester, params.userId, locked);
      return { locked };
    }),
    route(getAdminSuspendUser, async ({ requester, params }) => ({
      suspended: (await moderation.find(requester, params.userId)).isSuspended,
    })),
    route(setAdminSuspendUser, async ({ requester, params, body: { suspended } }) => {
      await moderation.setSuspended(requester, params.userId, suspended);
      return { suspended };
    }),
  ];
}

async function connectionsByDevice(devices: Devices, userId: UserId) {
  const connections = await devices.connectionsOf(userId);
  const byDevice = Map.groupBy(connections, (connection) => connection.deviceId as string);
  return Object.fromEntries(
    [...byDevice].map(([deviceId, used]) => [
      deviceId,
      {
        sessions: [
          {
            connections: used.map(({ ip, lastSeenTs, userAgent }) => ({
              ip,
              last_seen: lastSeenTs,
              user_agent: userAgent,
            })),
          },
        ],
      },
    ]),
  );
}
