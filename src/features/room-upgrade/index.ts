/**
 * Replacing a room by one of another version: the new room with what is worth copying, the tombstone, the power levels of
 * both, aliases and directory; and users' own settings, which follow them when they join. Not here: making rooms from
 * scratch (`features/create-room`).
 */
import { upgradeRoom } from '#api/client/room-upgrades.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { EventHook } from '#rooms/index.ts';
import { FollowUsers } from './follow-users.ts';
import type { RoomUpgradeDeps } from './ports.ts';
import { RoomUpgrades } from './room-upgrade.ts';

export type { RoomUpgradeDeps, UpgradeDirectory } from './ports.ts';
export { RoomUpgrades } from './room-upgrade.ts';

export function roomUpgradeFeature(deps: RoomUpgradeDeps): {
  readonly routes: readonly Route[];
  readonly hooks: readonly EventHook[];
  readonly upgrades: RoomUpgrades;
} {
  const upgrades = new RoomUpgrades(deps);
  const routes = [
    route(upgradeRoom, async ({ requester, params, body, request }) => {
      const caller = { requester, ip: request.ip };
      const { new_version: version, additional_creators: creators } = body;
      return { replacement_room: await upgrades.upgrade(caller, params.roomId, version, creators) };
    }),
  ];
  return { routes, hooks: [new FollowUsers(deps)], upgrades };
}
