import type { Static } from '@sinclair/typebox';
import type { getSpaceHierarchy } from '#api/client/space-hierarchy.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Transactor } from '#platform/storage/index.ts';
import { forbidden, invalidParam } from '#protocol/errors.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { HierarchySessionStore } from './hierarchy-session-store.ts';
import type { RoomDescriptions } from './index.ts';
import { compareChildren } from './space-child.ts';
import type { SpaceChild, SpaceChildStore } from './space-child-store.ts';

/** What stays the same from the first page of a hierarchy to the last. */
export interface HierarchyParameters {
  readonly userId: UserId;
  readonly roomId: RoomId;
  readonly isSuggestedOnly: boolean;
  readonly maxDepth: number;
}

export interface HierarchyRequest {
  readonly userId: UserId;
  readonly roomId: RoomId;
  /** As sent: on further pages they may be left out, and must not change. */
  readonly suggestedOnly: boolean | undefined;
  readonly maxDepth: number | undefined;
  readonly limit: number | undefined;
  readonly from: string | undefined;
}

/** Where a walk through the tree stands. */
export interface Walk {
  /** Rooms still to visit with their depth; the next one stands last. */
  readonly queue: readonly (readonly [RoomId, number])[];
  /** Rooms that have been visited: each is shown once, which also breaks loops. */
  readonly visited: readonly RoomId[];
}

export type HierarchyAnswer = Static<(typeof getSpaceHierarchy)['response']>;
type HierarchyRoom = HierarchyAnswer['rooms'][number];

const PAGE_MAX = 50;
const DEPTH_MAX = 50;
/** A tree of more rooms ends here. */
const ROOMS_MAX = 20_000;
/** Rooms looked at for one page: those that the user may not see cost time too. */
const VISITS_MAX = 1_000;
const SESSION_MS = 30 * 60_000;

export interface HierarchyDeps {
  readonly rooms: RoomDescriptions;
  readonly children: SpaceChildStore;
  readonly sessions: HierarchySessionStore;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly random: Random;
}

/** The rooms of a space, depth first. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidhierarchy */
export class Hierarchy {
  constructor(private readonly deps: HierarchyDeps) {}

  /**
   * One page of the tree below a room, as far as the user may see it.
   * @throws MatrixError 403 `M_FORBIDDEN` for a root that they may not see; 400 `M_INVALID_PARAM` for a token that is unknown,
   *   has expired or belongs to another question.
   */
  async page(request: HierarchyRequest): Promise<HierarchyAnswer> {
    const { parameters, walk } = await this.#start(request);
    const limit = Math.min(request.limit ?? PAGE_MAX, PAGE_MAX);
    const { rooms, rest } = await this.#visit(parameters, walk, limit);
    if (rooms.length === 0 && request.from === undefined) throw forbidden('You are not allowed to view this room');
    if (rest === undefined) return { rooms };
    return { rooms, next_batch: await this.#keep(parameters, rest) };
  }

  async #start(request: HierarchyRequest): Promise<{ parameters: HierarchyParameters; walk: Walk }> {
    const { userId, roomId, suggestedOnly, maxDepth, from } = request;
    if (from === undefined) {
      const parameters = {
        userId,
        roomId,
        isSuggestedOnly: suggestedOnly ?? false,
        maxDepth: Math.min(maxDepth ?? DEPTH_MAX, DEPTH_MAX),
      };
      return { parameters, walk: { queue: [[roomId, 0]], visited: [] } };
    }
    const session = await this.deps.sessions.find(from, this.deps.clock.now());
    if (session === undefined || session.userId !== userId || session.roomId !== roomId) {
      throw invalidParam('Unknown pagination token');
    }
    const sameDepth = maxDepth === undefined || Math.min(maxDepth, DEPTH_MAX) === session.maxDepth;
    if (!sameDepth || (suggestedOnly ?? session.isSuggestedOnly) !== session.isSuggestedOnly) {
      throw invalidParam('suggested_only and max_depth cannot change on paginated requests');
    }
    return { parameters: session, walk: session.walk };
  }

  /** Goes on with a walk until `limit` rooms are found. `rest` is what is left of it. */
  async #visit(parameters: HierarchyParameters, walk: Walk, limit: number) {
    const queue = [...walk.queue];
    const visited = new Set(walk.visited);
    const rooms: HierarchyRoom[] = [];
    for (let visits = 0; rooms.length < limit && visits < VISITS_MAX && visited.size < ROOMS_MAX; visits++) {
      const next = queue.pop();
      if (next === undefined) return { rooms, rest: undefined };
      const [roomId, depth] = next;
      if (visited.has(roomId)) continue;
      visited.add(roomId);
      const found = await this.#describe(roomId, parameters);
      if (found === undefined) continue;
      rooms.push(found.room);
      if (depth >= parameters.maxDepth) continue;
      for (const child of found.children.toReversed()) {
        if (!visited.has(child.roomId)) queue.push([child.roomId, depth + 1]);
      }
    }
    const hasMore = visited.size < ROOMS_MAX && queue.some(([roomId]) => !visited.has(roomId));
    return { rooms, rest: hasMore ? { queue, visited: [...visited] } : undefined };
  }

  /** A room with its children in order; `undefined` if the user may not see it. Only spaces have children. */
  async #describe(roomId: RoomId, { userId, isSuggestedOnly }: HierarchyParameters) {
    const described = await this.deps.rooms.describe(roomId, userId);
    if (described === undefined) return undefined;
    const isSpace = described.roomType === 'm.space';
    const all = isSpace ? await this.deps.children.of(described.roomNid) : [];
    const children = all.filter((child) => child.isSuggested || !isSuggestedOnly).sort(compareChildren);
    return { room: { ...described.json, children_state: children.map(childEvent) }, children };
  }

  async #keep(parameters: HierarchyParameters, walk: Walk): Promise<string> {
    const { sessions, transactor, clock, random } = this.deps;
    const token = random.text(24);
    const now = clock.now();
    await transactor.commit((batch) => {
      batch.add(sessions.removeExpired(now));
      batch.add(sessions.insert(token, { ...parameters, walk }, now + SESSION_MS));
    });
    return token;
  }
}

function childEvent(child: SpaceChild): HierarchyRoom['children_state'][number] {
  return {
    type: 'm.space.child',
    state_key: child.roomId,
    sender: child.sender,
    content: JSON.parse(child.content) as JsonObject,
    origin_server_ts: child.originServerTs,
  };
}
