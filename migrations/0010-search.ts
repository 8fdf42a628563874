import type { Migration } from '#platform/storage/ports.ts';

/**
 * What can be searched. The words stand where each engine keeps an index of words: in SQLite a table of their own, without
 * the text, whose `rowid` is the event's interned id; in PostgreSQL a column.
 */
export const search: Migration = {
  name: '0010-search',
  up: ({ dialect, bigint, bigintPrimaryKey }) => [
    `create table search_events (
      event_nid ${bigintPrimaryKey},
      room_nid ${bigint} not null,
      key text not null,
      sender text not null,
      origin_server_ts ${bigint} not null,
      position ${bigint} not null${dialect === 'postgres' ? ',\n      words tsvector not null' : ''}
    )`,
    'create index search_events_by_room on search_events (room_nid)',
    dialect === 'postgres'
      ? 'create index search_events_words on search_events using gin (words)'
      : // The words come taken apart already: whatever stands between two spaces is one.
        `create virtual table search_words using fts5 (room, words, content = '', contentless_delete = 1,
          tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co Cn'")`,
  ],
};
