import type { Reader } from '#platform/storage/ports.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import { type RoomVersionRules, roomVersionRules } from '#protocol/room-versions/index.ts';
import { type IdentityRow, selectById, selectByNid } from './room-store.ts';

/** What never changes about a room. */
export interface RoomIdentity {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly rules: RoomVersionRules;
}

/** Rooms known to the server by id and by interned id. An identity is small and never changes: it stays in memory. */
export class RoomDirectory {
  readonly #byId = new Map<RoomId, RoomIdentity>();
  readonly #byNid = new Map<number, RoomIdentity>();

  constructor(private readonly reader: Reader) {}

  /** At once, if it has been looked up before. */
  find(roomId: RoomId): RoomIdentity | undefined | Promise<RoomIdentity | undefined> {
    return this.#byId.get(roomId) ?? this.#load(roomId);
  }

  async get(nid: number): Promise<RoomIdentity> {
    const room = this.#byNid.get(nid) ?? this.#remember(await this.reader.first(selectByNid(nid)));
    if (room === undefined) throw new Error(`room ${nid} has no row`);
    return room;
  }

  /** At once, if it has been looked up before. */
  peek(nid: number): RoomIdentity | undefined {
    return this.#byNid.get(nid);
  }

  /** As `peek`, by room id. */
  peekById(roomId: RoomId): RoomIdentity | undefined {
    return this.#byId.get(roomId);
  }

  /** A room whose first batch failed was none. */
  remove(room: RoomIdentity): void {
    this.#byId.delete(room.roomId);
    this.#byNid.delete(room.nid);
  }

  add(room: RoomIdentity): void {
    this.#byId.set(room.roomId, room);
    this.#byNid.set(room.nid, room);
  }

  async #load(roomId: RoomId): Promise<RoomIdentity | undefined> {
    return this.#remember(await this.reader.first(selectById(roomId)));
  }

  #remember(row: IdentityRow | undefined): RoomIdentity | undefined {
    if (row === undefined) return undefined;
    const rules = roomVersionRules(row.version);
    if (rules === undefined) throw new Error(`room ${row.room_nid} has the unknown version ${row.version}`);
    const room: RoomIdentity = { nid: row.room_nid, roomId: row.room_id as RoomId, rules };
    this.add(room);
    return room;
  }
}
