import type { Contribution, EventHook, NewEvent } from '#rooms/index.ts';
import type { SearchStore } from './search-store.ts';
import { searchableTextOf } from './searchable-text.ts';
import { wordsOf } from './words.ts';

/** Puts what can be searched into the index, in the batch of its event, and takes it out in the batch of its redaction. */
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
    const searchable = searchableTextOf(event);
    const words = searchable === undefined ? [] : wordsOf(searchable.text).map((word) => word.term);
    if (searchable === undefined || words.length === 0) return undefined;
    const { key } = searchable;
    return (batch, { nid, sender, originServerTs, position }) => {
      if (position === undefined) return;
      const row = { nid, roomNid, key, sender, originServerTs, position, words };
      for (const statement of this.store.insert(row)) batch.add(statement);
    };
  }
}
