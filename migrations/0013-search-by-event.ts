import type { Migration } from '#platform/storage/ports.ts';

/**
 * What can be searched is told by `events`; the index holds words, and the room among them, and what waits for it is no more than
 * named. Words that are in the index already stay there.
 */
export const searchByEvent: Migration = {
  name: '0013-search-by-event',
  up: ({ dialect, bigintPrimaryKey }) => {
    const pending = `create table search_pending (
      event_nid ${bigintPrimaryKey}
    )`;
    if (dialect === 'postgres') {
      return [
        'drop index search_events_by_room',
        'drop index search_events_words',
        // Of those who look for a common word in one room, few would want it from all others.
        "update search_events set words = words || array_to_tsvector(array['#' || room_nid])",
        ...['room_nid', 'key', 'sender', 'origin_server_ts', 'position'].map(
          (column) => `alter table search_events drop column ${column}`,
        ),
        'alter table search_events rename to search_words',
        'alter index search_events_pkey rename to search_words_pkey',
        'create index search_words_by_word on search_words using gin (words)',
        pending,
      ];
    }
    return [
      'drop table search_events',
      'alter table search_pending rename to search_pending_with_words',
      pending,
      'insert into search_pending (event_nid) select event_nid from search_pending_with_words',
      'drop table search_pending_with_words',
    ];
  },
};
