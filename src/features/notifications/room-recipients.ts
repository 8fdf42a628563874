import type { UserId } from '#protocol/identifiers/index.ts';
import type { HotRoom, NewEvent } from '#rooms/index.ts';
import type { AudienceContent } from './audience.ts';
import type { NotificationStore } from './notification-store.ts';

/** An audience with the id that it has, or will have once a batch has written it. */
export interface KnownAudience {
  readonly nid: number;
  readonly hash: string;
  readonly content: AudienceContent;
  isWritten: boolean;
}

/** Audiences of one room remembered at most. */
const AUDIENCES_MAX = 256;

/**
 * What push rules need of a room's local members beside their rules, kept as long as the room is hot. It moves with the
 * hot room, ahead of what is committed, and is forgotten with it.
 */
export class RoomRecipients {
  readonly #audiences = new Map<string, KnownAudience>();
  /** Whoever has a mark in the main timeline after which nobody else notified anyone there. */
  #lastSpeaker: UserId | undefined;
  /** Whether that mark is in a batch. */
  #isSpoken = false;

  private constructor(
    readonly joined: ReadonlySet<UserId>,
    private readonly names: Map<UserId, string>,
  ) {}

  static async load(joined: ReadonlySet<UserId>, roomNid: number, store: NotificationStore): Promise<RoomRecipients> {
    return new RoomRecipients(joined, joined.size === 0 ? new Map() : await store.localNames(roomNid));
  }

  nameOf(userId: UserId): string | undefined {
    return this.names.get(userId);
  }

  /** After an event that changes their member event has been evaluated. */
  rename(userId: UserId, name: unknown): void {
    if (typeof name === 'string') this.names.set(userId, name);
    else this.names.delete(userId);
  }

  /** Whether nobody else has notified anyone in the main timeline since the last mark of `userId` there. */
  hasLastWord(userId: UserId): boolean {
    return this.#isSpoken && this.#lastSpeaker === userId;
  }

  /** The user's mark is about to be written. Answers what to call once it is in a batch: until then it may yet fail. */
  speak(userId: UserId): () => void {
    this.#lastSpeaker = userId;
    this.#isSpoken = false;
    return () => {
      this.#isSpoken = this.#lastSpeaker === userId;
    };
  }

  /** Somebody else notifies, or may have, without a mark of their own. */
  interrupt(userId: UserId): void {
    if (!this.hasLastWord(userId)) this.#lastSpeaker = undefined;
  }

  findAudience(hash: string): KnownAudience | undefined {
    return this.#audiences.get(hash);
  }

  addAudience(audience: KnownAudience): KnownAudience {
    if (this.#audiences.size >= AUDIENCES_MAX) {
      for (const [hash, { isWritten }] of this.#audiences) {
        if (!isWritten) continue;
        this.#audiences.delete(hash);
        break;
      }
    }
    this.#audiences.set(audience.hash, audience);
    return audience;
  }
}

/** The recipients of hot rooms. */
export class HotRecipients {
  readonly #byRoom = new WeakMap<HotRoom, RoomRecipients>();

  constructor(private readonly store: NotificationStore) {}

  /** Asked first for the first event that is built on a hot room: then what is stored is what the room is. */
  of(room: HotRoom): RoomRecipients | Promise<RoomRecipients> {
    const joined = room.localJoined();
    const known = this.#byRoom.get(room);
    // A resolved state comes with another set of members.
    return known?.joined === joined ? known : this.#load(room, joined);
  }

  async #load(room: HotRoom, asked: ReturnType<HotRoom['localJoined']>): Promise<RoomRecipients> {
    const joined = await asked;
    const recipients = await RoomRecipients.load(joined, room.identity.nid, this.store);
    this.#byRoom.set(room, recipients);
    return recipients;
  }
}

/** Whether the event is the member event of `userId` that invites them. */
export function invitee(event: Pick<NewEvent, 'type' | 'stateKey' | 'content'>): string | undefined {
  return event.type === 'm.room.member' && event.content.membership === 'invite' ? event.stateKey : undefined;
}
