/** All steps of the database's schema, oldest first. Append-only: a step that has been released never changes. See README.md. */
import type { Migration } from '#platform/storage/ports.ts';
import { accounts } from './0001-accounts.ts';
import { rooms } from './0002-rooms.ts';
import { encryption } from './0003-encryption.ts';
import { sendEvent } from './0004-send-event.ts';
import { profilesAndDirectory } from './0005-profiles-and-directory.ts';
import { media } from './0006-media.ts';
import { relations } from './0007-relations.ts';
import { notifications } from './0008-notifications.ts';
import { stateAuthEdges } from './0009-state-auth-edges.ts';
import { search } from './0010-search.ts';
import { vanishedState } from './0011-vanished-state.ts';
import { claimedKeys } from './0012-claimed-keys.ts';
import { searchByEvent } from './0013-search-by-event.ts';
import { eventTransactionsByRequest } from './0014-event-transactions-by-request.ts';

export const migrations: readonly Migration[] = [
  accounts,
  rooms,
  encryption,
  sendEvent,
  profilesAndDirectory,
  media,
  relations,
  notifications,
  stateAuthEdges,
  search,
  vanishedState,
  claimedKeys,
  searchByEvent,
  eventTransactionsByRequest,
];

/** The lowest number of steps that a server must know to use a database that has them all. */
export const lowestCompatible = 14;
