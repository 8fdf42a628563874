import type { Requester } from '#api/requester.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { DirectoryRule } from '#platform/config/index.ts';
import { BatchConflict, type Statement, type Transactor } from '#platform/storage/index.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '#protocol/errors.ts';
import {
  localpartOf,
  type RoomAlias,
  type RoomId,
  type ServerName,
  serverNameOf,
} from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { MembershipStore, RoomDirectory, RoomEngine, RoomIdentity } from '#rooms/index.ts';
import type { AliasStore, LocalAlias } from './alias-store.ts';
import { checkCanonicalAlias, withoutAlias } from './canonical-alias.ts';
import { compileRules } from './directory-rules.ts';
import type { RoomModerators } from './room-moderators.ts';

/** The room that an alias stands for, and servers that know of it. */
export interface ResolvedAlias {
  readonly roomId: RoomId;
  readonly servers: readonly ServerName[];
}

/** What appservices have to say about aliases. */
export interface AppserviceAliases {
  /** Why `requester` may not have the alias: it belongs to another appservice, or not to theirs. */
  refusalOf(alias: RoomAlias, appserviceId: string | undefined): string | undefined;
  /** Asks the appservice that an unknown alias belongs to; `true` if it has made it. */
  query(alias: RoomAlias): Promise<boolean>;
}

export interface AliasesDeps {
  readonly store: AliasStore;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly engine: RoomEngine;
  readonly rooms: RoomDirectory;
  readonly members: MembershipStore;
  readonly moderators: RoomModerators;
  readonly creationRules: readonly DirectoryRule[];
  readonly requireMembership: boolean;
  readonly appservices: AppserviceAliases | undefined;
  /** Servers in a room, this one aside. */
  readonly serversIn: ((roomId: RoomId) => Promise<readonly ServerName[]>) | undefined;
  /** Asks the alias's own server. */
  readonly resolveRemote: ((alias: RoomAlias) => Promise<ResolvedAlias | undefined>) | undefined;
}

/** The room aliases of this server, and the look-up of all. https://spec.matrix.org/v1.19/client-server-api/#room-aliases */
export class Aliases {
  readonly #mayCreate: (action: { userId: string; roomId: string; aliases: readonly string[] }) => boolean;

  constructor(private readonly deps: AliasesDeps) {
    this.#mayCreate = compileRules(deps.creationRules);
  }

  /** The room that an alias stands for; asks other servers about theirs. */
  async resolve(alias: RoomAlias): Promise<ResolvedAlias | undefined> {
    if (!this.#isLocal(alias)) return this.deps.resolveRemote?.(alias);
    const known = await this.resolveLocal(alias);
    if (known === undefined) return undefined;
    const others = (await this.deps.serversIn?.(known.roomId)) ?? [];
    return { roomId: known.roomId, servers: [this.deps.serverName, ...others] };
  }

  /** As `resolve`, for an alias of this server: what other servers are told. */
  async resolveLocal(alias: RoomAlias): Promise<LocalAlias | undefined> {
    const known = await this.deps.store.find(alias);
    if (known !== undefined || !(await this.deps.appservices?.query(alias))) return known;
    return this.deps.store.find(alias);
  }

  ofRoom(roomNid: number): Promise<LocalAlias[]> {
    return this.deps.store.ofRoom(roomNid);
  }

  /**
   * Whether a user may have a new alias, for a room that may not exist yet. That it is free is found out when it is stored.
   * @throws MatrixError 400 `M_INVALID_PARAM` for one that cannot be ours, 400 `M_EXCLUSIVE`, 403 `M_FORBIDDEN`.
   */
  checkNew(requester: Requester, alias: RoomAlias, roomId: RoomId | undefined): void {
    if (!this.#isLocal(alias)) throw invalidParam('A room alias must be of this server');
    const localpart = localpartOf(alias);
    if (localpart === '' || /\s/u.test(localpart)) throw invalidParam('The alias has no name, or one with spaces');
    const refusal = this.deps.appservices?.refusalOf(alias, requester.appserviceId);
    if (refusal !== undefined) throw new MatrixError('M_EXCLUSIVE', refusal);
    if (requester.appserviceId !== undefined || requester.isAdmin) return;
    if (!this.#mayCreate({ userId: requester.userId, roomId: roomId ?? '', aliases: [alias] })) {
      throw forbidden('You are not allowed to create this alias');
    }
  }

  /** The row of a new alias. Its batch fails with `BatchConflict` if the alias is taken. */
  insert(requester: Pick<Requester, 'userId'>, alias: RoomAlias, roomNid: number): Statement {
    return this.deps.store.insert(alias, roomNid, requester.userId, this.deps.clock.now());
  }

  /** Gives a room an alias. @throws MatrixError as `checkNew`; 404 for an unknown room; 409 `M_UNKNOWN` for a taken alias. */
  async create(requester: Requester, alias: RoomAlias, roomId: RoomId): Promise<void> {
    this.checkNew(requester, alias, roomId);
    const room = await this.deps.rooms.find(roomId);
    if (room === undefined) throw notFound('Unknown room');
    await this.#requireMember(requester, room);
    try {
      await this.deps.transactor.commit((batch) => batch.add(this.insert(requester, alias, room.nid)));
    } catch (error) {
      if (!(error instanceof BatchConflict)) throw error;
      throw new MatrixError('M_UNKNOWN', `Room alias ${alias} already exists`, { status: 409 });
    }
  }

  /**
   * Deletes an alias, and takes it out of the room's canonical alias event where the requester may change that.
   * @throws MatrixError 404 `M_NOT_FOUND`; 403 `M_FORBIDDEN` unless they made it, moderate the room or the server.
   */
  async delete(requester: Requester, alias: RoomAlias): Promise<void> {
    if (!this.#isLocal(alias)) throw invalidParam('A room alias must be of this server');
    const known = await this.deps.store.find(alias);
    if (known === undefined) throw notFound(`Room alias ${alias} not found`);
    const room = await this.deps.rooms.get(known.roomNid);
    if (known.creator !== requester.userId && !(await this.deps.moderators.includes(requester, room))) {
      throw forbidden('You are not allowed to delete this alias');
    }
    await this.deps.transactor.commit((batch) => batch.add(this.deps.store.remove(alias, known.roomNid)));
    await this.#dropFromCanonical(requester, alias, known.roomId);
  }

  /** See `checkCanonicalAlias`. `before` is the content in force. */
  checkCanonicalAlias(roomId: RoomId, content: JsonObject, before: JsonObject | undefined): Promise<void> {
    return checkCanonicalAlias(content, before, async (alias) => (await this.resolve(alias))?.roomId === roomId);
  }

  /** As `checkCanonicalAlias`, for a room that does not exist yet and is going to have no alias but `own`. */
  checkFirstCanonicalAlias(content: JsonObject, own: RoomAlias | undefined): Promise<void> {
    return checkCanonicalAlias(content, undefined, async (alias) => alias === own);
  }

  /** For an upgraded room: its successor takes over all aliases of this server. */
  moveAll(fromRoomNid: number, toRoomNid: number): Statement {
    return this.deps.store.moveAll(fromRoomNid, toRoomNid);
  }

  /** For a room that is deleted. */
  removeRoom(roomNid: number): Statement {
    return this.deps.store.removeRoom(roomNid);
  }

  async #requireMember(requester: Requester, room: RoomIdentity): Promise<void> {
    if (!this.deps.requireMembership || requester.isAdmin || requester.appserviceId !== undefined) return;
    const membership = (await this.deps.members.find(room.nid, requester.userId))?.membership;
    if (membership !== 'join') throw forbidden('You must be in the room to create an alias for it');
  }

  async #dropFromCanonical(requester: Requester, alias: RoomAlias, roomId: RoomId): Promise<void> {
    const type = 'm.room.canonical_alias';
    try {
      const finish = await this.deps.engine.within(roomId, async (turn) => {
        const content = (await turn.room.state.get(type))?.content;
        const left = content === undefined ? undefined : withoutAlias(content, alias);
        return left && turn.append([{ type, stateKey: '', sender: requester.userId, content: left }]);
      });
      await finish?.();
    } catch (error) {
      // The alias is gone all the same; those who may can still correct the event.
      if (!(error instanceof MatrixError)) throw error;
    }
  }

  #isLocal(alias: RoomAlias): boolean {
    return serverNameOf(alias) === this.deps.serverName;
  }
}
