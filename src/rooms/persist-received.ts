import type { StreamBatch } from '#platform/streams/ports.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { CurrentStateChange } from './draft.ts';
import type { Extremity } from './hot-room.ts';
import { persistAuthEdges, persistChanges, persistRedaction } from './persist.ts';
import type { ReceivedStep } from './received-step.ts';
import type { ReceptionStores } from './reception.ts';
import type { RoomIdentity } from './room-directory.ts';
import { addExtremity, dropExtremity, moveRoot } from './room-store.ts';
import { rootToBytes, type StateRoot } from './state-tree/node.ts';
import { StoredEvent } from './stored-event.ts';
import { EventStatus } from './tables.ts';

/** What a room's next event is built on, as stored. */
export interface RoomEnds {
  readonly root: StateRoot;
  readonly extremities: readonly Extremity[];
}

/** The statements of a batch of received events, and whom they wake. */
export function persistReception(
  batch: StreamBatch,
  room: RoomIdentity,
  steps: readonly ReceivedStep[],
  ends: { readonly from: RoomEnds; readonly to: RoomEnds },
  stores: ReceptionStores,
): { readonly events: readonly StoredEvent[]; readonly changes: readonly CurrentStateChange[] } {
  const stored = steps.map((step) => persistReceived(batch, room, step, stores));
  persistEnds(batch, room, ends.from, ends.to);
  const events = stored.map(({ event }) => event);
  const changes = stored.flatMap((one) => one.changes);
  if (events.some(({ position }) => position !== undefined)) batch.wake({ roomId: room.roomId });
  batch.wake(...wokenUsers(changes));
  return { events, changes };
}

/** Users whose membership changed learn of it also where they are not (or no longer) in the room. */
export function wokenUsers(changes: readonly CurrentStateChange[]): { readonly userId: UserId }[] {
  return changes.filter(({ type }) => type === 'm.room.member').map(({ stateKey }) => ({ userId: stateKey as UserId }));
}

/** The statements of one received event. Only an accepted one takes a position. */
function persistReceived(
  batch: StreamBatch,
  room: RoomIdentity,
  step: ReceivedStep,
  stores: ReceptionStores,
): { readonly event: StoredEvent; readonly changes: readonly CurrentStateChange[] } {
  const isAccepted = step.row.status === EventStatus.normal;
  const row = { ...step.row, position: isAccepted ? batch.nextPosition() : null };
  const event = new StoredEvent(row, room.roomId, room.rules);
  if (step.isReplacing) {
    batch.add(stores.events.replaceOutlier(row), 1);
  } else {
    batch.add(stores.events.insert(row, event.position));
    persistAuthEdges(batch, event, step.authNids, stores);
  }
  stores.stateTrees.insert(batch, room.nid, step.nodes);
  if (!isAccepted) return { event, changes: [] };
  const changes = persistChanges(batch, room, step.changes, event, stores);
  persistRedaction(batch, event, step.redactsNow, stores);
  for (const contribution of step.contributions) contribution(batch, event);
  return { event, changes };
}

/**
 * Moves what the room's next event is built on. The premise of the batch is that it is still at `before`: if an earlier batch
 * of the room has failed, so does this one.
 */
export function persistEnds(batch: StreamBatch, room: RoomIdentity, before: RoomEnds, after: RoomEnds): void {
  const kept = new Set(after.extremities.map(({ nid }) => nid));
  const were = new Set(before.extremities.map(({ nid }) => nid));
  for (const nid of were) if (!kept.has(nid)) batch.add(dropExtremity(room.nid, nid), 1);
  for (const nid of kept) if (!were.has(nid)) batch.add(addExtremity(room.nid, nid));
  batch.add(moveRoot(rootToBytes(after.root), room.nid, rootToBytes(before.root)), 1);
}
