import type { ResultLine } from '../results-file.ts';

/** What a scenario's figures mean, which of them counts most, and what the plan wants of it. */
export interface Figure {
  readonly scenario: string;
  /** What a reader must know to read the figures rightly. */
  readonly meaning: string;
  readonly chart: {
    readonly title: string;
    of(line: ResultLine): number;
    text(value: number): string;
  };
  /** Further columns, from `more`. */
  readonly columns?: readonly { readonly head: string; of(line: ResultLine): number; text(value: number): string }[];
}

const perSecond = { of: (line: ResultLine) => line.perSecond, text: (value: number) => `${count(value)}/s` };
const cpu = { of: (line: ResultLine) => line.cpuMs + line.databaseCpuMs, text: (value: number) => `${ms(value)}` };
const more = (name: string) => (line: ResultLine) => line.more?.[name] ?? Number.NaN;

export const FIGURES: readonly Figure[] = [
  ...(['send-1', 'send-10', 'send-32', 'send-rooms'] as const).map(
    (scenario): Figure => ({
      scenario,
      meaning:
        'A message counts when the server has answered that it is stored. Servers that fsync before they answer are bound by the disk with few connections; with many, by their CPU.',
      chart: { title: 'messages a second (more is better)', ...perSecond },
    }),
  ),
  {
    scenario: 'fan-out',
    meaning:
      'Latency is from the moment a message is sent to the moment the member’s long poll has it. Slow servers are sent one message a second instead of twenty, which favours them: at twenty they would only fall behind.',
    chart: { title: 'CPU time a delivery, database included (less is better)', ...cpu },
    columns: [{ head: 'messages/s', of: more('messagesPerSecond'), text: count }],
  },
  {
    scenario: 'sync-initial',
    meaning:
      '“5T lazy”: timelines of 5 events and only the members that matter; “10T all members”: 10 events and every member. One user after the other, so the time is the server’s own and not that of a queue.',
    chart: { title: 'median time of a first sync (less is better)', of: (line) => line.p50, text: ms },
    columns: [{ head: 'answer', of: more('answerBytes'), text: bytes }],
  },
  {
    scenario: 'sync-idle',
    meaning: 'What every open client costs a server when nothing happens.',
    chart: { title: 'CPU time a poll, database included (less is better)', ...cpu },
  },
  {
    scenario: 'state-res',
    meaning:
      'The algorithm alone, in one process and without a database: how its cost grows with the number of conflicts. “Longest step” is the longest that it keeps the event loop.',
    chart: { title: 'median time of a resolution (less is better)', of: (line) => line.p50, text: ms },
    columns: [
      { head: 'longest step', of: more('longestStepMs'), text: ms },
      { head: 'events loaded', of: more('eventsLoaded'), text: count },
    ],
  },
  {
    scenario: 'disk',
    meaning:
      'Growth of the database’s files between two stops, indexes included. Slow servers are measured in a smaller room, which favours them where the cost of a membership change grows with the room.',
    chart: { title: 'bytes an event (less is better)', of: more('bytesEach'), text: bytes },
    columns: [{ head: 'members', of: more('members'), text: (value) => (Number.isNaN(value) ? '' : count(value)) }],
  },
  {
    scenario: 'memory',
    meaning: 'Resident memory of the server’s processes. A database server’s memory is not counted.',
    chart: { title: 'resident memory when idle (less is better)', of: more('idleRssBytes'), text: bytes },
    columns: [{ head: 'after syncs', of: more('afterRssBytes'), text: bytes }],
  },
  {
    scenario: 'start',
    meaning: 'The page cache is warm. Slow servers have fewer events in their database, see the column.',
    chart: { title: 'median time to the first answer (less is better)', of: (line) => line.p50, text: ms },
    columns: [
      { head: 'events', of: more('events'), text: count },
      { head: 'database', of: more('diskBytes'), text: bytes },
    ],
  },
];

function count(value: number): string {
  if (Number.isNaN(value)) return '';
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2);
}

export function ms(value: number): string {
  if (Number.isNaN(value)) return '';
  return `${value >= 100 ? Math.round(value).toLocaleString('en') : value >= 1 ? value.toFixed(1) : value.toFixed(3)} ms`;
}

export function bytes(value: number): string {
  if (Number.isNaN(value)) return '';
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} MB`;
  return value >= 1e4 ? `${(value / 1e3).toFixed(1)} kB` : `${Math.round(value)} B`;
}
