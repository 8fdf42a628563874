import type { Requester } from '#api/requester.ts';
import type { DirectoryRule } from '#platform/config/index.ts';
import type { Statement, Transactor } from '#platform/storage/index.ts';
import { forbidden, notFound } from '#protocol/errors.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { RoomDirectory, RoomIdentity } from '#rooms/index.ts';
import type { Aliases } from './aliases.ts';
import { compileRules } from './directory-rules.ts';
import type { PublishedRooms } from './index.ts';
import type { RoomModerators } from './room-moderators.ts';

export interface PublicationDeps {
  readonly transactor: Transactor;
  readonly rooms: RoomDirectory;
  readonly moderators: RoomModerators;
  readonly aliases: Aliases;
  readonly published: PublishedRooms;
  readonly rules: readonly DirectoryRule[];
}

/** Which rooms are in the room directory, and who may put them there. */
export class Publication {
  readonly #mayPublish: (action: { userId: string; roomId: string; aliases: readonly string[] }) => boolean;

  constructor(private readonly deps: PublicationDeps) {
    this.#mayPublish = compileRules(deps.rules);
  }

  /** @throws MatrixError 404 `M_NOT_FOUND` for a room the server does not know. */
  async isPublished(roomId: RoomId): Promise<boolean> {
    const summary = await this.deps.published.find(roomId);
    if (summary === undefined) throw notFound('Room not found');
    return summary.isPublished;
  }

  /**
   * Whether the configuration lets a user publish a room, which may not exist yet.
   * @throws MatrixError 403 `M_FORBIDDEN`.
   */
  checkAllowed(userId: UserId, roomId: RoomId | undefined, aliases: readonly string[]): void {
    if (!this.#mayPublish({ userId, roomId: roomId ?? '', aliases })) {
      throw forbidden('You are not allowed to publish this room in the directory');
    }
  }

  /** The change itself, for a batch: what creates a room publishes it with that. */
  setPublished(roomNid: number, isPublished: boolean): Statement {
    return this.deps.published.setPublished(roomNid, isPublished);
  }

  /** @throws MatrixError 404 for an unknown room; 403 unless they moderate it and the configuration lets them. */
  async change(requester: Requester, roomId: RoomId, isPublished: boolean): Promise<void> {
    const room = await this.#require(roomId);
    if (!(await this.deps.moderators.includes(requester, room))) {
      throw forbidden('You must be a moderator of the room to change whether it is listed');
    }
    if (isPublished) {
      const aliases = (await this.deps.aliases.ofRoom(room.nid)).map(({ alias }) => alias);
      const canonical = (await this.deps.published.find(roomId))?.canonicalAlias;
      this.checkAllowed(requester.userId, roomId, canonical === undefined ? aliases : [canonical, ...aliases]);
    }
    await this.deps.transactor.commit((batch) => batch.add(this.setPublished(room.nid, isPublished)));
  }

  /** Puts a room into the list of an appservice's network, or takes it off. */
  async changeInNetwork(appserviceId: string, networkId: string, roomId: RoomId, isPublished: boolean): Promise<void> {
    const { nid } = await this.#require(roomId);
    const network = `${appserviceId}|${networkId}`;
    await this.deps.transactor.commit((batch) =>
      batch.add(this.deps.published.setPublishedIn(network, nid, isPublished)),
    );
  }

  async #require(roomId: RoomId): Promise<RoomIdentity> {
    const room = await this.deps.rooms.find(roomId);
    if (room === undefined) throw notFound('Room not found');
    return room;
  }
}
