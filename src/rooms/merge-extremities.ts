import { MatrixError } from '#protocol/errors.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import { DUMMY_EVENT } from './dummy-event.ts';
import { newestExtremities } from './forward-extremities.ts';
import type { Extremity } from './hot-room.ts';
import type { RoomEngine } from './room-engine.ts';
import type { RoomTurn } from './room-turn.ts';

/** The extremities that a room may have before they are merged. */
export const EXTREMITIES_BOUND = 10;
/** Users in whose name a dummy event is tried. */
const SENDERS_TRIED = 20;

/**
 * Brings a room's extremities down to few: by dummy events that follow them, in the name of a local user who may; else by
 * letting go of old ones that the state does not depend on. Each state resolution costs more with each extremity, and an
 * event can follow twenty at most.
 */
export async function mergeExtremities(
  roomId: RoomId,
  engine: RoomEngine,
  bound: number = EXTREMITIES_BOUND,
): Promise<'few' | 'merged' | 'pruned' | 'stuck'> {
  const { outcome, finish } = await engine.within(roomId, async (turn) => {
    if (turn.room.extremities.length <= bound) return { outcome: 'few' as const, finish: undefined };
    const merged = await mergeByDummies(turn, bound);
    if (merged !== undefined) return { outcome: 'merged' as const, finish: merged };
    const kept = await prunedExtremities(turn, bound);
    if (kept.length === turn.room.extremities.length) return { outcome: 'stuck' as const, finish: undefined };
    return { outcome: 'pruned' as const, finish: await turn.keepExtremities(kept) };
  });
  await finish?.();
  return outcome;
}

/** `undefined` if no local user may send a dummy event. */
async function mergeByDummies(turn: RoomTurn, bound: number): Promise<(() => Promise<void>) | undefined> {
  const senders = [...(await turn.room.localJoined())];
  const levels = await turn.room.powerLevels();
  senders.sort((a, b) => levels.userLevel(b) - levels.userLevel(a) || (a < b ? -1 : 1));
  const commits: (() => Promise<unknown>)[] = [];
  for (const sender of senders.slice(0, SENDERS_TRIED)) {
    try {
      while (turn.room.extremities.length > bound) {
        const before = turn.room.extremities.length;
        commits.push(await turn.append([{ type: DUMMY_EVENT, sender, content: {} }]));
        if (turn.room.extremities.length >= before) break;
      }
      break;
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
    }
  }
  if (commits.length === 0) return undefined;
  return async () => void (await Promise.all(commits.map((finish) => finish())));
}

/** The newest extremities, and of the others those that the state would not be the same without. */
async function prunedExtremities(turn: RoomTurn, bound: number): Promise<readonly Extremity[]> {
  const { extremities, root } = turn.room;
  const newest = newestExtremities(extremities, bound);
  if ((await turn.resolve(newest)).root === root) return newest;
  // Resolution works on the states: of extremities with the same one, a single one is enough.
  const byState = new Map<string, Extremity>();
  for (const extremity of [...newest, ...extremities]) {
    if (!byState.has(extremity.state)) byState.set(extremity.state, extremity);
  }
  const kept = new Set<Extremity>([...newest, ...byState.values()]);
  return extremities.filter((extremity) => kept.has(extremity));
}
