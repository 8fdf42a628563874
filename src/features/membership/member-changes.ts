import { forbidden } from '#protocol/errors.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type {
  Contribution,
  Draft,
  HotRoom,
  RoomDirectory,
  RoomEngine,
  RoomIdentity,
  StoredEvent,
} from '#rooms/index.ts';

/** A change of somebody's membership. */
export interface MembershipChange {
  readonly roomId: RoomId;
  readonly target: UserId;
  /** What the client sent for the member event besides its membership: `reason`, and whatever else. */
  readonly content?: JsonObject | undefined;
  /** Only appservices may say. */
  readonly originServerTs?: number | undefined;
}

/** A member event to send, or the one that makes sending needless. */
type Decision = Draft | { readonly already: StoredEvent };

/** Sends member events, each decided on by the room as it is then. */
export class MemberChanges {
  constructor(private readonly deps: { readonly engine: RoomEngine; readonly rooms: RoomDirectory }) {}

  /** The member event in force once it is durable. */
  async make(
    roomId: RoomId,
    decide: (room: HotRoom) => Promise<Decision>,
    contribute?: Contribution,
  ): Promise<StoredEvent> {
    const finish = await this.deps.engine.within(roomId, async (turn) => {
      const decision = await decide(turn.room);
      if ('already' in decision) return async () => decision.already;
      const appended = await turn.append([decision], { contribute });
      return async () => (await appended())[0]!.event;
    });
    return finish();
  }

  /** Rooms that are not here look like rooms that the caller is not in. */
  async requireRoom(roomId: RoomId): Promise<RoomIdentity> {
    const room = await this.deps.rooms.find(roomId);
    if (room === undefined) throw forbidden('You are not in this room');
    return room;
  }
}

export function memberDraft(
  sender: UserId,
  target: UserId,
  content: JsonObject,
  originServerTs: number | undefined,
): Draft {
  return { type: 'm.room.member', stateKey: target, sender, content, originServerTs };
}

export async function memberOf(room: HotRoom, userId: UserId): Promise<StoredEvent | undefined> {
  return room.state.get('m.room.member', userId);
}

export async function requireJoined(room: HotRoom, userId: UserId): Promise<void> {
  if ((await memberOf(room, userId))?.content.membership !== 'join') throw forbidden('You are not in this room');
}
