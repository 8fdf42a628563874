/**
 * What is measured. Scenarios between servers (a large join, transactions in and out) take a second server as their peer and
 * belong in `federation/` here, once this server talks to others.
 */
import { disk } from './disk.ts';
import { fanOut } from './fan-out.ts';
import { memory } from './memory.ts';
import type { Scenario } from './scenario.ts';
import { send1, send10, send32, sendRooms } from './send.ts';
import { start } from './start.ts';
import { stateRes } from './state-res.ts';
import { syncIdle } from './sync-idle.ts';
import { syncInitial } from './sync-initial.ts';

export const SCENARIOS: readonly Scenario[] = [
  send1,
  send10,
  send32,
  sendRooms,
  fanOut,
  syncInitial,
  syncIdle,
  stateRes,
  disk,
  memory,
  start,
];
