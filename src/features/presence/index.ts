/**
 * Presence: who is online, idle or away, and what they say about it. Here are its endpoints, its state machine (in memory,
 * with the last state in a table), and what `/sync` tells of the presence of others and does to one's own.
 * Not here: when devices were last seen, which is `accounts`.
 */
import type { Route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { PresenceConfig } from '#platform/config/index.ts';
import type { Reader, Transactor } from '#platform/storage/index.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import type { EventHook, Rooms } from '#rooms/index.ts';
import { Presence } from './presence.ts';
import { PresenceStore } from './presence-store.ts';
import { presenceRoutes } from './routes.ts';

export type { Presence } from './presence.ts';
export type { PresenceEvent, PresenceWatch } from './presence-watch.ts';
export type { PresenceState } from './user-presence.ts';

export interface PresenceFeatureDeps {
  readonly reader: Reader;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly rooms: Pick<Rooms, 'streams' | 'joined' | 'members'>;
  readonly config: PresenceConfig;
  /** `exclude_rooms_from_presence`. */
  readonly excludedRooms?: Iterable<string>;
}

export interface PresenceFeature {
  readonly routes: readonly Route[];
  /** To be registered with the room engine. */
  readonly hook: EventHook;
  /** To be started before the first request and stopped after the last. */
  readonly presence: Presence;
}

export function presenceFeature(deps: PresenceFeatureDeps): PresenceFeature {
  const { reader, transactor, clock, serverName, rooms, config, excludedRooms = [] } = deps;
  const presence = new Presence({
    store: new PresenceStore(reader),
    transactor,
    streams: rooms.streams,
    joined: rooms.joined,
    clock,
    serverName,
    config,
    excludedRooms: new Set(excludedRooms),
  });
  return { presence, hook: presence, routes: presenceRoutes({ presence, members: rooms.members, clock }) };
}
