import type { Alternative, Phrase, SearchQuery } from './search-query.ts';

/** How SQLite and PostgreSQL are told of words. Words are letters, digits, marks and pictures: nothing that means something. */

/** A query for SQLite's FTS5, restricted to rooms where there are few enough of them. */
export function toFts5(query: SearchQuery, roomNids: readonly number[] | undefined): string {
  const words = `words : (${query.alternatives.map(fts5Alternative).join(' OR ')})`;
  if (roomNids === undefined) return words;
  return `room : (${roomNids.map((nid) => `"${roomWord(nid)}"`).join(' OR ')}) AND ${words}`;
}

/** What stands for a room in FTS5's index, in a column of its own. */
export function roomWord(roomNid: number): string {
  return `r${roomNid}`;
}

function fts5Alternative({ all, none }: Alternative): string {
  const phrase = (words: Phrase) => `"${words.join(' ')}"`;
  const wanted = `(${all.map(phrase).join(' AND ')})`;
  return none.length === 0 ? wanted : `(${wanted} NOT (${none.map(phrase).join(' OR ')}))`;
}

/** A query for PostgreSQL, the text of a `tsquery`. */
export function toTsquery(query: SearchQuery): string {
  return query.alternatives.map(tsqueryAlternative).join(' | ');
}

function tsqueryAlternative({ all, none }: Alternative): string {
  const phrase = (words: Phrase) => `(${words.map(quoted).join(' <-> ')})`;
  return `(${[...all.map(phrase), ...none.map((words) => `!${phrase(words)}`)].join(' & ')})`;
}

/** A query for PostgreSQL, the text of a `tsquery`, for what was said in one of the rooms. */
export function toRoomsTsquery(roomNids: readonly number[]): string {
  return roomNids.map(roomLexeme).join(' | ');
}

/** What stands for a room among the words of PostgreSQL's index: nothing that could be one of them. */
function roomLexeme(roomNid: number): string {
  return `'#${roomNid}'`;
}

/** PostgreSQL keeps no more of one word. */
const MAX_PLACES = 255;
const LAST_PLACE = 16_383;

/** The words of a text, and the room that it was said in, as the text of a `tsvector`. */
export function toTsvector(words: readonly string[], roomNid: number): string {
  const places = new Map<string, number[]>();
  for (const [index, word] of words.entries()) {
    const known = places.get(word);
    const place = Math.min(index + 1, LAST_PLACE);
    if (known === undefined) places.set(word, [place]);
    else if (known.length < MAX_PLACES) known.push(place);
  }
  return [roomLexeme(roomNid), ...[...places].map(([word, at]) => `${quoted(word)}:${at.join(',')}`)].join(' ');
}

function quoted(word: string): string {
  return `'${word.replace(/['\\]/g, '')}'`;
}
