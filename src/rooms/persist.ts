import { isStorableText } from '#platform/storage/index.ts';
import type { StreamBatch } from '#platform/streams/ports.ts';
import { canRedact } from '#protocol/event-auth/index.ts';
import { redactRoomEvent, referenceHashBase64 } from '#protocol/events/index.ts';
import { type EventId, parseUserId, type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { PowerLevels } from '#protocol/power-levels/index.ts';
import type { CurrentStateChange } from './draft.ts';
import type { EventStore } from './event-store.ts';
import type { Extremity, HotRoom } from './hot-room.ts';
import type { Membership, MembershipStore } from './membership-store.ts';
import type { RoomIdentity } from './room-directory.ts';
import {
  addExtremity,
  dropExtremity,
  insertDelta,
  insertRedaction,
  insertRoom,
  moveExtremity,
  setRoot,
} from './room-store.ts';
import type { StateAuthStore } from './state-auth-store.ts';
import { type HashedNode, rootToBytes, type StateRoot } from './state-tree/node.ts';
import type { StateTreeStore } from './state-tree/state-tree-store.ts';
import type { StateChange } from './state-view.ts';
import type { NewEventRow, StoredEvent } from './stored-event.ts';

export interface PersistStores {
  readonly events: EventStore;
  readonly members: MembershipStore;
  readonly stateTrees: StateTreeStore;
  readonly stateAuth: StateAuthStore;
  readonly serverName: ServerName;
}

/** An event ready to be stored on top of a room, with what its place in the state changes. */
export interface PendingEvent {
  readonly row: NewEventRow;
  /** The state tree nodes that its state change made; empty for other events. */
  readonly nodes: readonly HashedNode[];
  /** Of state events, those in `auth_events`. */
  readonly authNids: readonly number[];
  /** For state events: the interned key and what held before. */
  readonly change: { readonly stateKeyNid: number; readonly previous: StoredEvent | undefined } | undefined;
  /** What it redacts at once, because its sender may. */
  readonly redactsNow: RedactionInForce | undefined;
}

export interface RedactionInForce {
  readonly target: StoredEvent;
  /** The state event that came after the target and tells its content in `unsigned.prev_content`. */
  readonly successor: StoredEvent | undefined;
}

/** The row of a room that does not exist yet. */
export function addRoom(batch: StreamBatch, room: HotRoom, root: StateRoot): void {
  const { nid, roomId, rules } = room.identity;
  batch.add(insertRoom(nid, roomId, rules.version, rootToBytes(root)));
}

/** A change of the current state, and the interned key of its entry. */
export interface EntryChange extends StateChange {
  readonly stateKeyNid: number;
}

/**
 * The statements of one event that extends the room: its row, the extremities it replaces, and the change it makes to the
 * state. The premise of the batch is that `previous` are still the room's extremities: if an earlier batch of the room has
 * failed, so does this one. With `isAlone` false there are other extremities, and the state is not for this event to change.
 */
export function persistEvent(
  batch: StreamBatch,
  pending: PendingEvent,
  event: StoredEvent,
  previous: readonly Extremity[],
  stores: PersistStores,
  isAlone = true,
): void {
  batch.add(stores.events.insert(pending.row, event.position));
  persistAuthEdges(batch, event, pending.authNids, stores);
  replaceExtremities(batch, event, previous);
  stores.stateTrees.insert(batch, event.roomNid, pending.nodes);
  if (isAlone && pending.change !== undefined) persistStateChange(batch, pending, event, stores);
  persistRedaction(batch, event, pending.redactsNow, stores);
}

/** Only state events have any: those of messages lead to nothing that state resolution could ask for. */
export function persistAuthEdges(
  batch: StreamBatch,
  event: StoredEvent,
  authNids: readonly number[],
  { stateAuth }: Pick<PersistStores, 'stateAuth'>,
): void {
  if (!event.isState) return;
  const edges = stateAuth.insert(event.nid, authNids);
  if (edges !== undefined) batch.add(edges);
}

/** What a redaction names, and what it does at once if it does. */
export function persistRedaction(
  batch: StreamBatch,
  event: StoredEvent,
  redactsNow: RedactionInForce | undefined,
  stores: PersistStores,
): void {
  if (event.redacts !== undefined) batch.add(insertRedaction(event.nid, event.roomNid, event.redacts));
  if (redactsNow !== undefined) redact(batch, redactsNow, event.eventId, stores);
}

/** Changes of the current state that resolution made. That to `event` is at its position, others take their own. */
export function persistChanges(
  batch: StreamBatch,
  room: RoomIdentity,
  changes: readonly EntryChange[],
  event: StoredEvent | undefined,
  stores: PersistStores,
): CurrentStateChange[] {
  return changes.map(({ stateKeyNid, type, stateKey, before, after }) => {
    const isOwn = event !== undefined && after?.nid === event.nid;
    const position = (isOwn ? event.position : undefined) ?? batch.nextPosition();
    batch.add(insertDelta(position, room.nid, stateKeyNid, type, stateKey, after?.nid ?? null, before?.nid ?? null));
    if (type === 'm.room.member') {
      if (after !== undefined) persistMembership(batch, after, position, stores);
      else if (parseUserId(stateKey) !== undefined) batch.add(stores.members.remove(room.nid, stateKey as UserId));
    }
    return { room, position, type, stateKey, before, after: isOwn ? event : after };
  });
}

function redact(batch: StreamBatch, { target, successor }: RedactionInForce, by: EventId, stores: PersistStores): void {
  batch.add(stores.events.markRedacted(target.eventId, target.roomNid, by));
  batch.afterCommit(() => stores.events.forget(target.eventId));
  if (target.type === 'm.room.member') batch.add(stores.members.redactProfile(target.roomNid, target.nid));
  if (successor === undefined) return;
  const left = redactRoomEvent(target, target.rules).content;
  batch.add(stores.events.setUnsigned(successor.nid, { ...successor.unsigned, prev_content: left }));
  batch.afterCommit(() => stores.events.forget(successor.eventId));
}

function replaceExtremities(batch: StreamBatch, event: StoredEvent, previous: readonly Extremity[]): void {
  const [only, ...more] = previous;
  if (only !== undefined && more.length === 0) {
    batch.add(moveExtremity(event.nid, event.roomNid, only.nid), 1);
    return;
  }
  for (const { nid } of previous) batch.add(dropExtremity(event.roomNid, nid), 1);
  batch.add(addExtremity(event.roomNid, event.nid));
}

function persistStateChange(
  batch: StreamBatch,
  pending: PendingEvent,
  event: StoredEvent,
  stores: PersistStores,
): void {
  const { change } = pending;
  if (change === undefined || event.stateAfter === undefined || event.position === undefined) return;
  batch.add(setRoot(rootToBytes(event.stateAfter), event.roomNid));
  batch.add(
    insertDelta(
      event.position,
      event.roomNid,
      change.stateKeyNid,
      event.type,
      event.stateKey ?? '',
      event.nid,
      change.previous?.nid ?? null,
    ),
  );
  if (event.type === 'm.room.member') persistMembership(batch, event, event.position, stores);
}

/** The membership row that a member event in force makes. */
function persistMembership(
  batch: StreamBatch,
  event: StoredEvent,
  position: number,
  stores: Pick<PersistStores, 'members' | 'serverName'>,
): void {
  const userId = parseUserId(event.stateKey ?? '');
  if (userId === undefined) return;
  const { membership, displayname, avatar_url: avatarUrl } = event.content;
  batch.add(
    stores.members.upsert(
      {
        roomNid: event.roomNid,
        userId,
        membership: membership as Membership,
        sender: event.sender,
        eventNid: event.nid,
        position,
        displayName: storableText(displayname),
        avatarUrl: storableText(avatarUrl),
        strippedState: undefined,
      },
      serverNameOf(userId) === stores.serverName,
    ),
  );
}

/** Other servers may send what no database can keep. */
function storableText(value: unknown): string | undefined {
  return typeof value === 'string' && isStorableText(value) ? value : undefined;
}

/** What `unsigned` says of a state event that replaces another. */
export function unsignedOf(previous: StoredEvent | undefined): JsonObject | undefined {
  if (previous === undefined) return undefined;
  return { replaces_state: previous.eventId, prev_content: previous.content, prev_sender: previous.sender };
}

/** The event a redaction takes effect on: one of the same room, whose sender or whose server allows it. */
export async function redactionTarget(
  event: Pick<StoredEvent, 'redacts' | 'sender'>,
  room: HotRoom,
  events: Pick<EventStore, 'byId' | 'byNid'>,
  powerLevels?: PowerLevels,
): Promise<RedactionInForce | undefined> {
  if (event.redacts === undefined) return undefined;
  const target = await events.byId(event.redacts);
  if (target === undefined || target.roomNid !== room.identity.nid) return undefined;
  const redaction = { sender: event.sender, roomId: room.identity.roomId };
  if (!canRedact(powerLevels ?? (await room.powerLevels()), redaction, target, room.identity.rules)) return undefined;
  return { target, successor: target.isState ? await successorOf(target, room, events) : undefined };
}

/** The state event that replaced `event`, found by going back from the one in force. */
async function successorOf(
  event: StoredEvent,
  room: HotRoom,
  events: Pick<EventStore, 'byId' | 'byNid'>,
): Promise<StoredEvent | undefined> {
  let later = await room.state.get(event.type, event.stateKey);
  while (later !== undefined && later.nid !== event.nid) {
    const replaced = later.unsigned?.replaces_state;
    if (replaced === event.eventId) return events.byNid(later.nid);
    later = typeof replaced === 'string' ? await events.byId(replaced as EventId) : undefined;
  }
  return undefined;
}

/** The extremity that an event becomes. */
export function extremityOf(event: StoredEvent): Extremity {
  return extremityAt(event, event.stateAfter);
}

/** As `extremityOf`, where the state after the event is at hand. */
export function extremityAt(event: StoredEvent, state: StateRoot | undefined): Extremity {
  const sha256 = event.rules.eventReferences === 'pairs' ? referenceHashBase64(event.pdu, event.rules) : undefined;
  if (state === undefined) throw new Error(`${event.eventId} has no state and cannot be an extremity`);
  return { nid: event.nid, eventId: event.eventId, depth: event.depth, sha256, state };
}

/** Whether a user belongs to this server. */
export function isLocalTo(serverName: ServerName): (userId: UserId) => boolean {
  return (userId) => serverNameOf(userId) === serverName;
}
