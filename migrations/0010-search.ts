import type { Migration } from '#platform/storage/ports.ts';

/**
 * What can be searched. The words stand where each engine keeps an index of words: in PostgreSQL a column, in SQLite a table of
 * their own, without the text, whose `rowid` is the event's interned id. That index is dear to change and cheap to change much
 * of at once: SQLite keeps new words in `search_pending` first.
 */
export const search: Migration = {
  name: '0010-search',
  up: ({ dialect, bigint, bigintPrimaryKey }) => {
    const columns = `
      event_nid ${bigintPrimaryKey},
      room_nid ${bigint} not null,
      key text not null,
      sender text not null,
      origin_server_ts ${bigint} not null,
      position ${bigint} not null`;
    if (dialect === 'postgres') {
      return [
        `create table search_events (${columns},
      words tsvector not null
    )`,
        'create index search_events_by_room on search_events (room_nid)',
        'create index search_events_words on search_events using gin (words)',
      ];
    }
    return [
      `create table search_events (${columns}
    )`,
      `create table search_pending (
      event_nid ${bigintPrimaryKey},
      room text not null,
      words text not null
    )`,
      // The words come taken apart already: whatever stands between two spaces is one.
      `create virtual table search_words using fts5 (room, words, content = '', contentless_delete = 1,
        tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co Cn'")`,
    ];
  },
};
