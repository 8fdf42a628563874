import type { Reader } from '#platform/storage/ports.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { Extremity } from './hot-room.ts';
import { HotRoom } from './hot-room.ts';
import type { MembershipStore } from './membership-store.ts';
import { extremityOf } from './persist.ts';
import type { RoomDirectory, RoomIdentity } from './room-directory.ts';
import { selectExtremities, selectRoot } from './room-store.ts';
import { rootFromBytes, type StateRoot } from './state-tree/node.ts';
import { type StateStores, StateView } from './state-view.ts';

/** The current state of rooms, as committed. */
export class CurrentState {
  constructor(
    private readonly reader: Reader,
    private readonly rooms: RoomDirectory,
    private readonly stores: StateStores,
    private readonly members: MembershipStore,
  ) {}

  /** The state of a room now, or `undefined` for a room this server has no state of. */
  async of(roomId: RoomId): Promise<StateView | undefined> {
    const room = await this.rooms.find(roomId);
    return room === undefined ? undefined : this.ofRoom(room);
  }

  async ofRoom(room: RoomIdentity): Promise<StateView | undefined> {
    const root = await this.#root(room);
    return root === undefined ? undefined : this.at(room, root);
  }

  /** The state at a root. */
  at(room: RoomIdentity, root: StateRoot): StateView {
    return new StateView(this.stores, room, root);
  }

  /** What the room's next event is built on. */
  async load(room: RoomIdentity): Promise<HotRoom> {
    const root = await this.#root(room);
    if (root === undefined) throw new Error(`room ${room.nid} has no state to build on`);
    const rows = await this.reader.all(selectExtremities(room.nid));
    const events = await this.stores.events.byNids(rows.map((row) => row.event_nid));
    const extremities: Extremity[] = [...events.values()].map(extremityOf);
    return new HotRoom(room, this.members, this.at(room, root), extremities);
  }

  async #root(room: RoomIdentity): Promise<StateRoot | undefined> {
    const row = await this.reader.first(selectRoot(room.nid));
    return row === undefined || row.current_root === null ? undefined : rootFromBytes(row.current_root);
  }
}
