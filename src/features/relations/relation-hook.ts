import type { Contribution, EventHook, EventStore, NewEvent } from '#rooms/index.ts';
import { relationOf } from './relation.ts';
import type { RelationStore } from './relation-store.ts';

/** Stores the relation of every event that has one, with the event, and takes it away with the event's redaction. */
export class RelationHook implements EventHook {
  constructor(
    private readonly store: RelationStore,
    private readonly events: Pick<EventStore, 'byId'>,
  ) {}

  prepare(event: NewEvent): Contribution | undefined | Promise<Contribution | undefined> {
    if (event.redacts !== undefined) return this.#redaction(event);
    if (event.redactedBy !== undefined || !event.contentText.includes('m.relates_to')) return undefined;
    const relation = relationOf(event.content);
    if (relation === undefined) return undefined;
    const { parentId, relType, key } = relation;
    return (batch, { nid, roomNid, type, sender, depth, position }) => {
      if (position === undefined) return;
      const row = { nid, roomNid, parentId, relType, key, type, sender, depth, position };
      for (const statement of this.store.insert(row)) batch.add(statement);
    };
  }

  /** Whether the redaction takes effect is known only to the database, by the time the statements run. */
  async #redaction({ redacts, roomNid }: NewEvent): Promise<Contribution | undefined> {
    const target = redacts === undefined ? undefined : await this.events.byId(redacts);
    const relation = target?.roomNid === roomNid ? relationOf(target.content) : undefined;
    if (target === undefined || relation === undefined) return undefined;
    const threadRoot = relation.relType === 'm.thread' ? relation.parentId : undefined;
    return (batch) => {
      for (const statement of this.store.removeRedacted(roomNid, target.nid, threadRoot)) batch.add(statement);
    };
  }
}
