import type { UserId } from '#protocol/identifiers/index.ts';
import type { StoredEvent } from '#rooms/index.ts';

interface Sent {
  readonly eventNid: number;
  /** The token of the answer it went with: it has arrived once the client syncs from there. */
  readonly upTo: number;
}

const DEVICES_AND_ROOMS_MAX = 20_000;
const MEMBERS_MAX = 200;

/**
 * The member events that each device has been given, so that lazy loading need not repeat them. Forgetting is harmless; what
 * was sent counts only once the client has come back with the token that came along.
 */
export class LazyMembers {
  readonly #sent = new Map<string, Map<UserId, Sent>>();

  /** Those of `members` that the device cannot be sure to have. */
  missing(device: string, roomNid: number, members: readonly StoredEvent[], since: number): StoredEvent[] {
    const known = this.#sent.get(`${device} ${roomNid}`);
    if (known === undefined) return [...members];
    return members.filter((member) => {
      const sent = known.get(member.stateKey as UserId);
      return sent === undefined || sent.eventNid !== member.nid || sent.upTo > since;
    });
  }

  remember(device: string, roomNid: number, members: readonly StoredEvent[], upTo: number): void {
    const key = `${device} ${roomNid}`;
    const known = this.#sent.get(key) ?? new Map<UserId, Sent>();
    this.#sent.delete(key);
    this.#sent.set(key, known);
    for (const member of members) {
      if (member.type !== 'm.room.member') continue;
      const userId = member.stateKey as UserId;
      const earlier = known.get(userId);
      if (earlier?.eventNid === member.nid) continue;
      known.delete(userId);
      known.set(userId, { eventNid: member.nid, upTo });
    }
    for (const userId of known.keys()) {
      if (known.size <= MEMBERS_MAX) break;
      known.delete(userId);
    }
    for (const oldest of this.#sent.keys()) {
      if (this.#sent.size <= DEVICES_AND_ROOMS_MAX) break;
      this.#sent.delete(oldest);
    }
  }
}
