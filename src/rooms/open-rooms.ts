import type { CacheBudget } from '#platform/cache/index.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Storage } from '#platform/storage/ports.ts';
import { createStreams, type Streams } from '#platform/streams/index.ts';
import type { RoomId, ServerName } from '#protocol/identifiers/index.ts';
import type { SigningKey } from '#protocol/signing/index.ts';
import { ClientEvents, type UnsignedSources } from './client-events.ts';
import { CurrentState } from './current-state.ts';
import type { EventHook } from './draft.ts';
import { EventStore } from './event-store.ts';
import { EventTransactionStore } from './event-transaction-store.ts';
import { EventTransactions } from './event-transactions.ts';
import { ExtremityStore } from './extremity-store.ts';
import type { ReceivingPorts } from './incoming-pdu.ts';
import { JoinedRooms } from './joined-rooms.ts';
import { MembershipStore } from './membership-store.ts';
import { CrowdedRooms } from './merge-crowded.ts';
import { mergeExtremities } from './merge-extremities.ts';
import { purgeRoom } from './purge-room.ts';
import { PurgeStore } from './purge-store.ts';
import { PduChecks } from './receive-pdu.ts';
import { RecentTimelines } from './recent-timeline.ts';
import { RedactionStore } from './redaction-store.ts';
import { RepeatedRequests } from './repeated-requests.ts';
import { RoomDirectory } from './room-directory.ts';
import { RoomEngine } from './room-engine.ts';
import { StateAuthStore } from './state-auth-store.ts';
import { type ResolutionReport, StateResolver } from './state-resolver.ts';
import { NodeSweepStore } from './state-tree/node-sweep-store.ts';
import { StateKeyStore } from './state-tree/state-key-store.ts';
import { StateTreeStore } from './state-tree/state-tree-store.ts';
import { type NodeSweep, sweepNodes } from './state-tree/sweep-nodes.ts';
import { TimelineStore } from './timeline-store.ts';
import { type ErasedAmong, Visibility } from './visibility.ts';

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
  /** What receiving events needs of other servers. Without it nothing is received. */
  readonly receiving?: ReceivingPorts | undefined;
  /** Without it, nobody has been erased. */
  readonly erasedAmong?: ErasedAmong | undefined;
  /** Told of every state resolution, for metrics. */
  readonly onResolved?: ((report: ResolutionReport) => void) | undefined;
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
  readonly extremities: ExtremityStore;
  /** See `mergeExtremities`. */
  mergeExtremities(roomId: RoomId, bound?: number): ReturnType<typeof mergeExtremities>;
  readonly crowded: CrowdedRooms;
  /** See `purgeRoom`. */
  purge(roomId: RoomId): Promise<boolean>;
  /** See `sweepNodes`. To be run for a room after events of it were deleted. */
  sweepStateNodes(roomNid: number): Promise<NodeSweep>;
}

const nobody: ErasedAmong = async () => new Set();

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
  const stateAuth = new StateAuthStore(reader);
  const checks = options.receiving && new PduChecks(options.receiving, events, clock);
  const engine = new RoomEngine(
    {
      streams,
      sequences,
      stateKeys,
      stateTrees,
      stateAuth,
      resolver: new StateResolver({ events, stateKeys, stateTrees, stateAuth }, clock, options.onResolved),
      redactions: new RedactionStore(reader),
      stateAt: (room, root) => current.at(room, root),
      events,
      members,
      serverName,
      hooks,
      signer: { serverName, key: signingKey, clock, random },
    },
    directory,
    current,
    checks,
  );
  const transactions = new EventTransactions(new EventTransactionStore(reader), events, clock);
  const unsignedSources: UnsignedSources = {
    transactionIds: (sent, reader) => transactions.transactionIds(sent, reader),
    ...options.unsignedSources,
  };
  const extremities = new ExtremityStore(reader);
  return {
    streams,
    engine,
    directory,
    events,
    members,
    joined,
    current,
    timeline: new TimelineStore(reader, events, recent),
    visibility: new Visibility(
      directory,
      members,
      current,
      events,
      {
        joined,
        contexts: caches.cache('visibility', 0.02),
      },
      options.erasedAmong ?? nobody,
    ),
    clientEvents: new ClientEvents(events, caches.cache('client-events', 0.2), clock, unsignedSources),
    transactions,
    repeated: new RepeatedRequests(clock),
    extremities,
    mergeExtremities: (roomId, bound) => mergeExtremities(roomId, engine, bound),
    crowded: new CrowdedRooms(extremities, (roomId) => mergeExtremities(roomId, engine), clock),
    purge: (roomId) => purgeRoom(roomId, engine, { purge: new PurgeStore(reader), events, directory, streams, hooks }),
    sweepStateNodes: (roomNid) => sweepNodes(roomNid, stateTrees, new NodeSweepStore(reader), transactor, clock),
  };
}
