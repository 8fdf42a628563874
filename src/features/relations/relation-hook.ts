import type { Contribution, EventHook, NewEvent } from '#rooms/index.ts';
import { relationOf } from './relation.ts';
import type { RelationStore } from './relation-store.ts';

/** Stores the relation of every event that has one, with the event. */
export class RelationHook implements EventHook {
  constructor(private readonly store: RelationStore) {}

  prepare(event: NewEvent): Contribution | undefined {
    if (event.stateKey !== undefined || !event.contentText.includes('m.relates_to')) return undefined;
    const relation = relationOf(event.content);
    if (relation === undefined) return undefined;
    const { parentId, relType, key } = relation;
    return (batch, { nid, roomNid, type, sender, depth, position }) => {
      if (position === undefined) return;
      batch.add(
        this.store.insert({
          event_nid: nid,
          room_nid: roomNid,
          parent_id: parentId,
          rel_type: relType,
          annotation_key: key ?? null,
          type,
          sender,
          depth,
          position,
        }),
      );
      if (relType === 'm.thread') batch.add(this.store.touchThread(parentId, roomNid, position));
    };
  }
}
