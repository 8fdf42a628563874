import type { Contribution, EventHook, NewEvent } from '#rooms/index.ts';
import type { SearchStore } from './search-store.ts';
import { searchableTextOf } from './searchable-text.ts';

/**
 * Names what can be searched, in the batch of its event, for the index to be given its words later; and takes it out of the
 * index in the batch of its redaction.
 */
export class SearchHook implements EventHook {
  constructor(
    private readonly store: SearchStore,
    private readonly isEnabled: boolean,
  ) {}

  prepare(event: NewEvent): Contribution | undefined {
    const { redacts, roomNid, redactedBy } = event;
    if (redacts !== undefined) {
      return (batch) => {
        for (const statement of this.store.removeRedacted(redacts, roomNid)) batch.add(statement);
      };
    }
    if (!this.isEnabled || redactedBy !== undefined || !event.type.startsWith('m.room.')) return undefined;
    if (searchableTextOf(event) === undefined) return undefined;
    return (batch, { nid, position }) => {
      if (position !== undefined) batch.add(this.store.addPending(nid));
    };
  }
}
