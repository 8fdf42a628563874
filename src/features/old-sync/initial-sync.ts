import { encodeSyncToken, type Streams } from '#platform/streams/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import {
  type ClientEvents,
  type CurrentState,
  type EventReader,
  type EventStore,
  encodeTimelineToken,
  type MembershipStore,
  placeBefore,
  type RoomMembership,
  type TimelineStore,
  type Visibility,
} from '#rooms/index.ts';

/** Events that are no room events, as JSON text. */
type Texts = readonly { readonly text: string }[];

export interface InitialSyncDeps {
  readonly streams: Streams;
  readonly members: MembershipStore;
  readonly events: EventStore;
  readonly timeline: TimelineStore;
  readonly current: CurrentState;
  readonly visibility: Visibility;
  readonly clientEvents: ClientEvents;
  readonly ignoredBy: (userId: UserId) => Promise<ReadonlySet<string>>;
  readonly accountData: (
    userId: UserId,
  ) => Promise<{ readonly global: Texts; readonly rooms: ReadonlyMap<RoomId, Texts> }>;
  /** What the user is told of the presence of others. */
  readonly presence: (userId: UserId, upTo: number) => Promise<Texts>;
  /** Whether the room is in the directory. */
  readonly isPublic: (roomId: RoomId) => Promise<boolean>;
}

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 100;

/**
 * The deprecated look at everything at once.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3initialsync
 */
export class InitialSync {
  constructor(private readonly deps: InitialSyncDeps) {}

  /** The answer's JSON text. */
  async read(
    { limit = DEFAULT_LIMIT, archived = false }: { readonly limit?: number; readonly archived?: boolean },
    reader: EventReader,
  ): Promise<string> {
    const { streams, members, accountData, presence } = this.deps;
    const { userId } = reader;
    const upTo = streams.current();
    const { global, rooms } = await accountData(userId);
    const ignored = await this.deps.ignoredBy(userId);
    const told: string[] = [];
    for (const membership of await members.ofUser(userId)) {
      const own = rooms.get(membership.roomId) ?? [];
      const text = await this.#room(membership, { reader, ignored, upTo, archived, own, limit });
      if (text !== undefined) told.push(text);
    }
    const parts = [
      `"end":"${encodeSyncToken(upTo)}"`,
      `"presence":[${textsOf(await presence(userId, upTo))}]`,
      `"rooms":[${told.join(',')}]`,
      `"account_data":[${textsOf(global)}]`,
    ];
    return `{${parts.join(',')}}`;
  }

  async #room(
    membership: RoomMembership,
    asked: RoomQuery & { readonly archived: boolean },
  ): Promise<string | undefined> {
    switch (membership.membership) {
      case 'join':
        return this.#history(membership, asked);
      case 'leave':
      case 'ban':
        return asked.archived && !membership.isForgotten ? this.#history(membership, asked) : undefined;
      case 'invite':
        return asked.ignored.has(membership.sender) ? undefined : this.#invite(membership, asked);
      default:
        return undefined;
    }
  }

  async #invite({ roomId, eventNid, sender }: RoomMembership, { reader }: RoomQuery): Promise<string> {
    const event = await this.deps.events.byNid(eventNid);
    const text = await this.deps.clientEvents.serializeOne(event, { reader, withAggregations: false });
    return `{"room_id":${JSON.stringify(roomId)},"membership":"invite","inviter":${JSON.stringify(sender)},"invite":${text}}`;
  }

  /** `undefined` for a room of which the user has nothing to read: one whose invite they turned down, for one. */
  async #history(
    { roomId, membership }: RoomMembership,
    { reader, ignored, upTo, own, limit }: RoomQuery,
  ): Promise<string | undefined> {
    const { visibility, timeline, current, clientEvents } = this.deps;
    const access = await visibility.accessOf(roomId, reader.userId).catch(unlessRefused);
    if (access === undefined || (access.kind === 'peeking' && membership !== 'join')) return undefined;
    const { room } = access;
    const end = access.kind === 'left' ? (access.until.position ?? 0) : upTo;
    const events = await timeline.newest(room.nid, Number.MIN_SAFE_INTEGER, end, Math.min(limit, MAX_LIMIT));
    const visible = await visibility.filter(events, reader.userId, { ignored });
    const chunk = await clientEvents.serialize(
      visible.map(({ event }) => event),
      { reader, memberships: new Map(visible.map((one) => [one.event.nid, one.membership])) },
    );
    const root = access.kind === 'left' ? access.until.stateAfter : undefined;
    const view = root === undefined ? await current.ofRoom(room) : current.at(room, root);
    const state = await clientEvents.serialize((await view?.all()) ?? [], { reader, withAggregations: false });
    const first = events[0];
    const start = first === undefined ? '' : `"start":"${encodeTimelineToken(placeBefore(first))}",`;
    const parts = [
      `"room_id":${JSON.stringify(roomId)}`,
      `"membership":"${membership}"`,
      `"messages":{${start}"end":"${encodeSyncToken(Math.max(0, end))}","chunk":[${chunk.join(',')}]}`,
      `"state":[${state.join(',')}]`,
      `"visibility":"${(await this.deps.isPublic(roomId)) ? 'public' : 'private'}"`,
      `"account_data":[${textsOf(own)}]`,
    ];
    return `{${parts.join(',')}}`;
  }
}

interface RoomQuery {
  readonly reader: EventReader;
  readonly ignored: ReadonlySet<string>;
  readonly upTo: number;
  /** The reader's account data of the room. */
  readonly own: Texts;
  readonly limit: number;
}

function textsOf(events: Texts): string {
  return events.map(({ text }) => text).join(',');
}

function unlessRefused(error: unknown): undefined {
  if (!(error instanceof MatrixError)) throw error;
}
