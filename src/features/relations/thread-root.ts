import type { EventId } from '#protocol/identifiers/index.ts';
import type { EventStore, NewEvent } from '#rooms/index.ts';
import { relationOf } from './relation.ts';

/** How many relations away from a threaded event an event still belongs to its thread. */
const THREAD_HOPS = 3;

/** The root of the thread an event belongs to; `undefined` for the main timeline. */
export async function threadRootOf(
  event: Pick<NewEvent, 'content' | 'stateKey' | 'roomNid'>,
  events: Pick<EventStore, 'byId'>,
): Promise<EventId | undefined> {
  let relation = event.stateKey === undefined ? relationOf(event.content) : undefined;
  for (let hop = 0; relation !== undefined && hop < THREAD_HOPS; hop++) {
    if (relation.relType === 'm.thread') return relation.parentId;
    const parent = await events.byId(relation.parentId);
    relation = parent === undefined || parent.roomNid !== event.roomNid ? undefined : relationOf(parent.content);
  }
  return undefined;
}
