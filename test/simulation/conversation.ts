/** What users of several servers do in one room, from a seed. */
import type { Random } from '#platform/random/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { RoomVersion } from '#protocol/room-versions/index.ts';
import type { Draft, StoredEvent } from '#rooms/index.ts';
import type { Homeserver } from './test-homeserver.ts';

/** One server's users: the keeper is never driven out and never acts but to bring forks together. */
export function usersOf(server: Homeserver): { readonly keeper: UserId; readonly others: readonly UserId[] } {
  const user = (localpart: string) => `@${localpart}:${server.name}` as UserId;
  return { keeper: user('keeper'), others: [user('ann'), user('ben')] };
}

/** Power levels that make for fights: those who may ban each other. */
export function powerLevelsOf(servers: readonly Homeserver[], random: Random): JsonObject {
  const users: JsonObject = {};
  for (const server of servers) {
    users[usersOf(server).keeper] = 90;
    for (const user of usersOf(server).others) users[user] = [0, 0, 50, 50, 60][Math.floor(random.number() * 5)]!;
  }
  return users;
}

export class Conversation {
  constructor(
    private readonly servers: readonly Homeserver[],
    private readonly roomId: RoomId,
    private readonly version: RoomVersion,
    private readonly random: Random,
  ) {}

  /** Somebody at `server` does something; `undefined` if they may not. */
  async act(server: Homeserver): Promise<StoredEvent | undefined> {
    try {
      const draft = await this.#draft(server);
      const { event, deduplicated } = await server.rooms.engine.send(this.roomId, draft);
      return deduplicated ? undefined : event;
    } catch (error) {
      if (error instanceof MatrixError) return undefined;
      throw error;
    }
  }

  async #draft(server: Homeserver): Promise<Draft> {
    const sender = this.#pick(usersOf(server).others);
    const target = this.#pick(this.servers.flatMap((other) => usersOf(other).others));
    const roll = this.random.number();
    // Their clocks are not right.
    const originServerTs = server.signer.clock.now() + Math.floor((this.random.number() - 0.5) * 10_000);
    const state = (type: string, stateKey: string, content: JsonObject): Draft => ({
      type,
      stateKey,
      sender,
      content,
      originServerTs,
    });
    const membership = (of: UserId, value: string) => state('m.room.member', of, { membership: value, n: `${roll}` });
    if (roll < 0.25) return { type: 'm.room.message', sender, content: { body: `${roll}` }, originServerTs };
    if (roll < 0.4) return state('m.room.topic', '', { topic: `${roll}` });
    if (roll < 0.5) return this.#child(state, roll);
    if (roll < 0.6) return membership(target, 'ban');
    if (roll < 0.67) return membership(target, 'leave');
    if (roll < 0.7) return membership(sender, 'leave');
    if (roll < 0.8) return membership(sender, 'join');
    if (roll < 0.84) return membership(target, 'invite');
    if (roll < 0.87) return state('m.room.join_rules', '', { join_rule: roll < 0.85 ? 'invite' : 'public' });
    if (roll < 0.95) return this.#powerLevels(server, state, target);
    return this.#redaction(server, sender, originServerTs);
  }

  #child(state: (type: string, stateKey: string, content: JsonObject) => Draft, roll: number): Draft {
    return state('m.space.child', `!${Math.floor(roll * 1000) % 5}:one`, { via: roll < 0.43 ? [] : [`${roll}`] });
  }

  async #powerLevels(
    server: Homeserver,
    state: (type: string, stateKey: string, content: JsonObject) => Draft,
    target: UserId,
  ): Promise<Draft> {
    const now = await (await server.rooms.current.of(this.roomId))!.get('m.room.power_levels');
    const users = { ...(now?.content.users as JsonObject), [target]: this.#pick([0, 40, 50, 60]) };
    return state('m.room.power_levels', '', { ...now?.content, users });
  }

  async #redaction(server: Homeserver, sender: UserId, originServerTs: number): Promise<Draft> {
    const { nid } = (await server.rooms.directory.find(this.roomId))!;
    const events = await server.rooms.timeline.newest(nid, 0, Number.MAX_SAFE_INTEGER, 12);
    const { eventId } = this.#pick(events);
    const content = ['11', '12'].includes(this.version) ? { redacts: eventId } : {};
    return { type: 'm.room.redaction', sender, redacts: eventId, content, originServerTs };
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random.number() * items.length)]!;
  }
}
