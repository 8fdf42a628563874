/**
 * The room engine: the only writer of events and of room state, and the readers of both.
 *
 * Writing: `RoomEngine` keeps a `RoomActor` for each room in use, a serial queue around the room's hot state. A draft goes
 * through `create-event` (auth, hash, signature) and `persist` (one batch) with what slices contribute (`EventHook`).
 * Receiving: events of other servers go through `receive-pdu` (format, signature, hash) outside the queue and `reception` (auth,
 * states, extremities) inside; `state-resolver` brings the states of forks together.
 * Reading: `CurrentState` and `StateView` (state at a root of the `state-tree`), `TimelineStore` (order), `Visibility` (who
 * may), `ClientEvents` (as JSON text), `MembershipStore` and `JoinedRooms` (who is where).
 * Repeating: `EventTransactions` (one event a transaction id) and `RepeatedRequests` (one answer a transaction id).
 * Not here: what a request means (create a room, invite somebody): that is a slice's.
 */
export { ClientEvents, type EventReader, type SerializeOptions, type UnsignedSources } from './client-events.ts';
export { CurrentState } from './current-state.ts';
export type {
  Appended,
  AppendOptions,
  Contribution,
  CurrentStateChange,
  Draft,
  EventHook,
  EventPlace,
  NewEvent,
} from './draft.ts';
export { DUMMY_EVENT } from './dummy-event.ts';
export { filterEvents, type RelationsOf } from './event-filter.ts';
export { EVENT_COLUMNS, EventStore } from './event-store.ts';
export { type EventRequest, EventTransactionStore } from './event-transaction-store.ts';
export { EventTransactions } from './event-transactions.ts';
export type { Extremity, HotRoom } from './hot-room.ts';
export type {
  AuthEventSource,
  IncomingPdu,
  KeyProvider,
  PolicyServers,
  ReceiptVerdict,
  ReceiveOptions,
  ReceivingPorts,
} from './incoming-pdu.ts';
export { type JoinedRoom, JoinedRooms } from './joined-rooms.ts';
export { type Membership, MembershipStore, type RoomMembership } from './membership-store.ts';
export { EXTREMITIES_BOUND } from './merge-extremities.ts';
export { openRooms, type Rooms, type RoomsOptions } from './open-rooms.ts';
export { Pacer } from './pacer.ts';
export { RepeatedRequests } from './repeated-requests.ts';
export { RoomDirectory, type RoomIdentity } from './room-directory.ts';
export { RoomEngine } from './room-engine.ts';
export { heroesFor, RoomSummaries, type RoomSummary } from './room-summaries.ts';
export type { RoomTurn } from './room-turn.ts';
export { type StateDelta, StateDeltaStore } from './state-delta-store.ts';
export type { ResolutionReport } from './state-resolver.ts';
export type { StateRoot } from './state-tree/node.ts';
export { type StateChange, type StatePair, StateView } from './state-view.ts';
export { type EventRow, StoredEvent } from './stored-event.ts';
export { EventStatus, type RoomTables } from './tables.ts';
export { TIMELINE_END, TIMELINE_START, type TimelinePlace, TimelineStore } from './timeline-store.ts';
export { decodeTimelineToken, encodeTimelineToken, placeAfter, placeBefore } from './timeline-token.ts';
export { type RoomAccess, Visibility, type VisibleEvent } from './visibility.ts';
