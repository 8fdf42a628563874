import { forbidden, MatrixError, notFound } from '#protocol/errors.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import { type RoomVersionRules, roomVersionRules } from '#protocol/room-versions/index.ts';
import type { Draft, RoomIdentity, RoomTurn } from '#rooms/index.ts';
import { readCreators } from './creators.ts';
import type { Caller, RoomUpgradeDeps } from './ports.ts';
import { type UpgradedLevels, upgradeLevels } from './power-levels.ts';
import { createContent, followingEvents, movedAliases, type Replacement } from './replacement.ts';

/** What an upgrade has made, and what is still to be done in the new room. */
interface Outcome {
  readonly to: RoomId;
  readonly finishing: readonly Draft[];
}

/** Replaces rooms by rooms of another version. https://spec.matrix.org/v1.19/client-server-api/#room-upgrades */
export class RoomUpgrades {
  /** Upgrades under way, by the old room. */
  readonly #running = new Map<RoomId, { readonly userId: UserId; readonly done: Promise<RoomId> }>();

  constructor(private readonly deps: RoomUpgradeDeps) {}

  /**
   * Answers the new room's id.
   * @throws MatrixError 400 `M_UNSUPPORTED_ROOM_VERSION`; 400 `M_BAD_STATE` while somebody else upgrades the room; 404
   *   `M_NOT_FOUND` for an unknown room; 403 `M_FORBIDDEN` if the caller may not send `m.room.tombstone` in it.
   */
  async upgrade(
    { requester }: Caller,
    from: RoomId,
    version: string,
    additionalCreators: readonly string[] = [],
  ): Promise<RoomId> {
    const { userId } = requester;
    const rules = roomVersionRules(version);
    if (rules === undefined) {
      throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION', 'This server does not support that room version');
    }
    if (requester.isShadowBanned) throw forbidden('You cannot upgrade this room');
    const creators = rules.privilegedCreators ? readCreators(additionalCreators).filter((id) => id !== userId) : [];
    const room = await this.deps.rooms.find(from);
    if (room === undefined) throw notFound('Unknown room');
    const running = this.#running.get(from);
    if (running !== undefined) {
      if (running.userId === userId) return running.done;
      throw new MatrixError('M_BAD_STATE', 'Somebody else is upgrading this room right now');
    }
    const done = this.#run(userId, room, rules, creators).finally(() => this.#running.delete(from));
    this.#running.set(from, { userId, done });
    return done;
  }

  async #run(
    userId: UserId,
    { roomId: from, nid: fromNid }: RoomIdentity,
    rules: RoomVersionRules,
    creators: readonly UserId[],
  ): Promise<RoomId> {
    const { engine, joinContent } = this.deps;
    const content = await joinContent(userId);
    const isPublished = await this.deps.directory.isPublished(from);
    const aliases = await this.deps.directory.aliasesOf(fromNid);
    // Nobody else writes to the old room until it is closed, so that nothing is said that the new room misses.
    const finish = await engine.within(from, async (turn) => {
      const old = (await turn.room.state.get('m.room.power_levels'))?.content;
      const levels = old === undefined ? undefined : upgradeLevels(old, [userId, ...creators], rules);
      const canonical = movedAliases((await turn.room.state.get('m.room.canonical_alias'))?.content, aliases);
      const replacement: Replacement = {
        from,
        rules,
        state: turn.room.state,
        upgrader: userId,
        additionalCreators: creators,
        joinContent: content,
        powerLevels: levels,
      };
      const { to, tombstone } = await this.#create(turn, replacement);
      const { nid: toNid } = (await this.deps.rooms.find(to))!;
      const closing = await this.#closing(turn, userId, levels, canonical.old);
      const closed = await turn.append([tombstone, ...closing], {
        contribute: (batch) => {
          if (aliases.length > 0) this.deps.directory.moveAliases(batch, fromNid, toNid);
          if (!isPublished) return;
          this.deps.directory.setPublished(batch, toNid, true);
          this.deps.directory.setPublished(batch, fromNid, false);
        },
      });
      const finishing: Draft[] = [];
      if (canonical.next !== undefined) finishing.push(state('m.room.canonical_alias', userId, canonical.next));
      if (levels?.final !== undefined) finishing.push(state('m.room.power_levels', userId, levels.final));
      return async (): Promise<Outcome> => {
        await closed();
        return { to, finishing };
      };
    });
    const { to, finishing } = await finish();
    // One by one: an old room's canonical alias may need more power than its levels leave the upgrader with.
    for (const draft of finishing) await engine.send(to, draft).catch(ignoreRefusal);
    return to;
  }

  /** Makes the new room, having made sure that the caller may close the old one. */
  async #create(turn: RoomTurn, replacement: Replacement): Promise<{ to: RoomId; tombstone: Draft }> {
    const { engine, clock } = this.deps;
    const { rules, upgrader } = replacement;
    const originServerTs = clock.now();
    const tombstoneFor = (to: RoomId): Draft => ({
      ...state('m.room.tombstone', upgrader, { body: 'This room has been replaced', replacement_room: to }),
      originServerTs,
    });
    // From version 12 on a room's id follows from its create event, which therefore cannot name the tombstone.
    if (rules.roomIdIsCreateHash) {
      await turn.preview(tombstoneFor('!unknown' as RoomId));
      const create = {
        ...state('m.room.create', upgrader, await createContent(replacement, undefined)),
        originServerTs,
      };
      const { roomId } = await engine.create(rules, [create, ...(await followingEvents(replacement))]);
      return { to: roomId, tombstone: tombstoneFor(roomId) };
    }
    const bare = { ...state('m.room.create', upgrader, {}), originServerTs };
    const to = await engine.newRoomId(rules, bare);
    const tombstone = tombstoneFor(to);
    const previewed = await turn.preview(tombstone);
    // Where ids are not hashes, the tombstone's is not known yet: the last event before it stands in.
    const named = turn.room.identity.rules.eventIdFormat === 'opaque' ? turn.room.extremities[0]?.eventId : previewed;
    const create = { ...bare, content: await createContent(replacement, named) };
    await engine.create(rules, [create, ...(await followingEvents(replacement))], { roomId: to });
    return { to, tombstone };
  }

  /** What closes the old room besides the tombstone, as far as the caller may: whoever cannot, leaves it as it is. */
  async #closing(
    turn: RoomTurn,
    userId: UserId,
    levels: UpgradedLevels | undefined,
    canonicalAlias: Draft['content'] | undefined,
  ): Promise<Draft[]> {
    const wanted: Draft[] = [];
    if (canonicalAlias !== undefined) wanted.push(state('m.room.canonical_alias', userId, canonicalAlias));
    if (levels?.closing !== undefined) wanted.push(state('m.room.power_levels', userId, levels.closing));
    const allowed: Draft[] = [];
    for (const draft of wanted) {
      const isAllowed = await turn.preview(draft).then(
        () => true,
        (error: unknown) => ignoreRefusal(error) ?? false,
      );
      if (isAllowed) allowed.push(draft);
    }
    return allowed;
  }
}

function state(type: string, sender: UserId, content: Draft['content']): Draft {
  return { type, stateKey: '', sender, content };
}

function ignoreRefusal(error: unknown): undefined {
  if (error instanceof MatrixError) return undefined;
  throw error;
}
