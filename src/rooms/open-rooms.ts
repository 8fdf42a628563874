import type { CacheBudget } from '#platform/cache/index.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Storage } from '#platform/storage/ports.ts';
import { createStreams, type Streams } from '#platform/streams/index.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import type { SigningKey } from '#protocol/signing/index.ts';
import { ClientEvents, type UnsignedSources } from './client-events.ts';
import { CurrentState } from './current-state.ts';
import type { EventHook } from './draft.ts';
import { EventStore } from './event-store.ts';
import { EventTransactionStore } from './event-transaction-store.ts';
import { EventTransactions } from './event-transactions.ts';
import { JoinedRooms } from './joined-rooms.ts';
import { MembershipStore } from './membership-store.ts';
import { RecentTimelines } from './recent-timeline.ts';
import { RepeatedRequests } from './repeated-requests.ts';
import { RoomDirectory } from './room-directory.ts';
import { RoomEngine } from './room-engine.ts';
import { StateKeyStore } from './state-tree/state-key-store.ts';
import { StateTreeStore } from './state-tree/state-tree-store.ts';
import { TimelineStore } from './timeline-store.ts';
import { Visibility } from './visibility.ts';

export interface RoomsOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly serverName: ServerName;
  readonly signingKey: SigningKey;
  readonly caches: CacheBudget;
  /** Slices that store something with events, in the order in which they are asked. May grow until the first event. */
  readonly hooks: EventHook[];
  /** What other slices tell in `unsigned`. Transaction ids are the engine's own matter unless told otherwise. */
  readonly unsignedSources: Pick<UnsignedSources, 'aggregations'> & Partial<UnsignedSources>;
}

/** The room engine, assembled: its one writer and its readers. */
export interface Rooms {
  readonly streams: Streams;
  readonly engine: RoomEngine;
  readonly directory: RoomDirectory;
  readonly events: EventStore;
  readonly members: MembershipStore;
  readonly joined: JoinedRooms;
  readonly current: CurrentState;
  readonly timeline: TimelineStore;
  readonly visibility: Visibility;
  readonly clientEvents: ClientEvents;
  readonly transactions: EventTransactions;
  readonly repeated: RepeatedRequests;
}

export function openRooms(options: RoomsOptions): Rooms {
  const { storage, clock, random, serverName, signingKey, caches, hooks } = options;
  const { reader, transactor, sequences } = storage;
  const directory = new RoomDirectory(reader);
  const events = new EventStore(reader, directory, caches.cache('events', 0.3), caches.cache('event-ids', 0.05));
  const stateTrees = new StateTreeStore(reader, caches.cache('state-nodes', 0.15));
  const stateKeys = new StateKeyStore(
    reader,
    transactor,
    sequences,
    caches.cache('state-keys', 0.05),
    caches.cache('state-key-names', 0.05),
  );
  const members = new MembershipStore(reader);
  const joined = new JoinedRooms(members);
  const recent = new RecentTimelines(caches.cache('timeline-tails', 0.02));
  hooks.unshift(joined, recent);
  const streams = createStreams({ storage, clock, joinedUsers: (roomId) => joined.usersIn(roomId) });
  const current = new CurrentState(reader, directory, { events, stateKeys, stateTrees }, members);
  const engine = new RoomEngine(
    {
      streams,
      sequences,
      stateKeys,
      stateTrees,
      events,
      members,
      serverName,
      hooks,
      signer: { serverName, key: signingKey, clock, random },
    },
    directory,
    current,
  );
  const transactions = new EventTransactions(new EventTransactionStore(reader), events, clock);
  const unsignedSources: UnsignedSources = {
    transactionIds: (sent, reader) => transactions.transactionIds(sent, reader),
    ...options.unsignedSources,
  };
  return {
    streams,
    engine,
    directory,
    events,
    members,
    joined,
    current,
    timeline: new TimelineStore(reader, events, recent),
    visibility: new Visibility(directory, members, current, events, {
      joined,
      contexts: caches.cache('visibility', 0.02),
    }),
    clientEvents: new ClientEvents(events, caches.cache('client-events', 0.2), clock, unsignedSources),
    transactions,
    repeated: new RepeatedRequests(clock),
  };
}
