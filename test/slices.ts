/** Real slices for the tests of others that build on them, wired as `app/compose.ts` would. */
import { type AccountData, accountDataFeature } from '#features/account-data/index.ts';
import { type RoomSummaryFeature, roomSummaryFeature } from '#features/room-summary/index.ts';
import type { World } from './world.ts';

export function accountDataIn(world: World): AccountData {
  return accountDataFeature({ reader: world.storage.reader, streams: world.streams }).accountData;
}

/** Call it before the first event. No alias leads anywhere. */
export function roomSummariesIn(world: World): RoomSummaryFeature {
  const feature = roomSummaryFeature({
    reader: world.storage.reader,
    rooms: world.rooms,
    resolveAlias: async () => undefined,
  });
  world.hooks.push(feature.hook);
  return feature;
}
