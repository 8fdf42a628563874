/** Every contract that names a room, an event, a user or what is theirs has a row that says who may ask. */
import { expect, test } from 'bun:test';
import { allContracts } from '../../tools/generate/contracts.ts';
import { READS, WRITES } from './rooms-table.ts';
import { ROWS } from './users-table.ts';

const NAMES_SOMETHING = /\{(?:roomId|roomIdOrAlias|roomAlias|eventId|userId|deviceId|filterId|version|sessionId)\??\}/;

/** Contracts without a row, each with the reason. The list may only shrink. */
const WITHOUT_ROW: ReadonlyMap<string, string> = new Map();
const MOST_WITHOUT_ROW = 0;

const contracts = (await allContracts())
  .filter(({ family }) => family === 'client')
  .map(({ endpoint }) => endpoint)
  .filter(({ path, aliases }) => [path, ...aliases].some((each) => NAMES_SOMETHING.test(each)));
const inRows = new Set([...READS, ...WRITES, ...ROWS].map(({ operation }) => operation));

test('every such contract has a row', () => {
  const missing = contracts
    .map(({ operationId }) => operationId)
    .filter((id) => !inRows.has(id) && !WITHOUT_ROW.has(id));
  expect(missing).toEqual([]);
});

test('there are contracts to have rows', () => {
  expect(contracts.length).toBeGreaterThan(80);
});

test('every row is about a contract', async () => {
  const known = new Set((await allContracts()).map(({ endpoint }) => endpoint.operationId));
  expect([...inRows].filter((id) => !known.has(id))).toEqual([]);
});

test('the list of exceptions only shrinks', () => {
  expect(WITHOUT_ROW.size).toBeLessThanOrEqual(MOST_WITHOUT_ROW);
  expect([...WITHOUT_ROW.keys()].filter((id) => inRows.has(id))).toEqual([]);
});
