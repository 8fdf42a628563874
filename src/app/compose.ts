/** The composition root: every part of the server is made and tied to the others here, and in `compose/`. */
import type { Accounts } from '#accounts/index.ts';
import type { Route } from '#api/endpoint.ts';
import { accountDataFeature } from '#features/account-data/index.ts';
import { filtersFeature } from '#features/filters/index.ts';
import { oldSyncFeature } from '#features/old-sync/index.ts';
import { profileFeature } from '#features/profile/index.ts';
import { relationsFeature } from '#features/relations/index.ts';
import { searchFeature } from '#features/search/index.ts';
import { tagsFeature } from '#features/tags/index.ts';
import { userDirectoryFeature } from '#features/user-directory/index.ts';
import type { Authenticators, Page } from '#platform/http/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import { type EventHook, openRooms, type Rooms } from '#rooms/index.ts';
import { composeAccounts } from './compose/accounts.ts';
import { composeEncryption } from './compose/encryption.ts';
import { composeMedia } from './compose/media.ts';
import { composeNotifications } from './compose/notifications.ts';
import { composeOperations } from './compose/operations.ts';
import type { Platform } from './compose/platform.ts';
import { composeRooms, copyRoomSettings } from './compose/rooms.ts';
import { composeSync } from './compose/sync.ts';
import type { Operations } from './operations.ts';

/** A server, wired. */
export interface Parts {
  readonly routes: readonly Route[];
  readonly pages: readonly Page[];
  readonly authenticate: Authenticators;
  readonly operations: Operations;
  readonly rooms: Rooms;
  readonly accounts: Accounts;
  readonly hasUsers: () => Promise<boolean>;
  /** Starts what runs in the background. */
  start(): void;
  /** Finishes what is under way. */
  stop(): Promise<void>;
}

const HOUR_MS = 3_600_000;
/** How long a room may go on with many forward extremities that nobody here brings together. */
const EXTREMITIES_MS = 300_000;
/** How long words may wait to be found by a search that costs little. */
const SEARCH_INDEX_MS = 5_000;

export function compose(platform: Platform): Parts {
  const { config, storage, clock, random, log, caches, signingKey, jobs } = platform;
  const { reader } = storage;
  const { serverName } = config.server;
  const hooks: EventHook[] = [];
  const rooms = openRooms({
    storage,
    clock,
    random,
    serverName,
    signingKey,
    caches,
    hooks,
    unsignedSources: {
      aggregations: (events, by) => relations.aggregations(events, by),
      hasNoAggregations: (event) => relations.hasNoAggregations(event),
    },
    receiving: platform.receiving,
    erasedAmong: (userIds) => accounts.users.erasedAmong(userIds),
  });
  const { streams } = rooms;
  const accountSlices = composeAccounts(platform, rooms);
  const { accounts } = accountSlices;

  const notifications = composeNotifications(platform, { rooms, accounts, accountData: () => accountData });
  const accountDataSlice = accountDataFeature({ reader, streams, managed: { pushRules: notifications.pushRulesOf } });
  const { accountData } = accountDataSlice;
  const relations = relationsFeature({
    ...rooms,
    reader,
    serverName,
    clientEvents: () => rooms.clientEvents,
    ignoredBy: (userId) => accountData.ignoredBy(userId),
  });
  const userDirectory = userDirectoryFeature({ reader, serverName, config: config.userDirectory });
  const profile = profileFeature({
    storage,
    serverName,
    rooms,
    config: { ...config.rooms, ...config.registration },
    log: log.part('profile'),
    hooks: [userDirectory.profileChanged],
    isInPublicRoom: (userId) => roomSlices.isInPublicRoom(userId),
  });
  const roomSlices = composeRooms(platform, {
    rooms,
    accounts,
    accountData,
    profile,
    relations,
    receiptsOf: notifications.receiptTextsOf,
    async onRoomUpgraded(from, to, userIds) {
      for (const userId of userIds) await copyRoomSettings(accountData, from, to, userId);
    },
  });
  const search = searchFeature({
    ...rooms,
    reader,
    transactor: storage.transactor,
    clock,
    isEnabled: config.rooms.enableSearch,
    relationsOf: relations.relationsOf,
    ignoredBy: (userId) => accountData.ignoredBy(userId),
  });
  const oldSync = oldSyncFeature({
    ...rooms,
    reader,
    clock,
    ignoredBy: (userId) => accountData.ignoredBy(userId),
    accountData: (userId) => accountData.all(userId),
    presence: async (userId, upTo) => notifications.presence.since(userId, { since: undefined, upTo }),
    isPublic: (roomId) => roomSlices.directory.publication.isPublished(roomId),
  });
  const encryption = composeEncryption(platform, rooms, accounts);
  const media = composeMedia(platform);
  const filters = filtersFeature({ storage });
  const sync = composeSync(platform, {
    rooms,
    accountData,
    filters,
    notifications,
    encryption,
    relations,
    inviteState: roomSlices.membership.inviteState,
  });
  hooks.push(
    search.hook,
    ...notifications.hooks,
    ...roomSlices.hooks,
    userDirectory.hook,
    encryption.deviceLists.eventHook,
    ...sync.hooks,
  );

  accounts.hooks.onAccountCreated.push(({ userId, displayName }, batch) =>
    profile.profiles.accountCreated(batch, userId, displayName),
  );
  accounts.hooks.onAccountDeactivated.push((userId, options, batch) => {
    profile.profiles.accountDeactivated(batch, userId, options);
    accountData.accountDeactivated(batch, userId);
    filters.accountDeactivated(batch, userId);
    userDirectory.setHidden(batch, userId, 'is_deactivated', true);
  });
  accounts.hooks.onDevicesDeleted.push((userId, deviceIds, batch) =>
    accountData.devicesDeleted(batch, userId, deviceIds),
  );
  accounts.hooks.onAccountDeparted.push((userId) => leaveAllRooms(userId, rooms));

  const slices = [
    accountSlices,
    notifications,
    accountDataSlice,
    profile,
    roomSlices,
    encryption,
    media,
    filters,
    sync,
    search,
    oldSync,
    userDirectory,
    tagsFeature({ accountData }),
  ];
  const stopping: (() => PromiseLike<void>)[] = [];
  return {
    routes: slices.flatMap(({ routes }) => routes),
    pages: accountSlices.pages,
    authenticate: {
      user: (token, request, contract) => accounts.authenticator.user(token, request, contract),
      appservice: (token) => accounts.authenticator.appservice(token),
      async server() {
        throw new MatrixError('M_UNAUTHORIZED', 'This server does not talk to others yet');
      },
    },
    operations: composeOperations(platform, accountSlices),
    rooms,
    accounts,
    hasUsers: async () => (await accounts.users.count()) > 0,
    start() {
      void profile.resume();
      void accounts.lifecycle.resumeDepartures();
      jobs.every(HOUR_MS, 'accounts_sweep', () => accountSlices.sweep());
      jobs.every(
        HOUR_MS,
        'event_transactions',
        async () => void (await storage.transactor.commit((batch) => batch.add(rooms.transactions.prune()))),
      );
      jobs.every(EXTREMITIES_MS, 'forward_extremities', (signal) => rooms.crowded.run(signal));
      jobs.every(SEARCH_INDEX_MS, 'search_index', (signal) => search.indexPending(signal));
      jobs.every(HOUR_MS, 'to_device_transactions', () => encryption.toDevice.expireTransactions());
      const maintenance = media.start();
      stopping.push(() => maintenance[Symbol.asyncDispose]());
      void notifications.start();
    },
    async stop() {
      for (const stop of stopping) await stop();
      await accounts.activity.flush();
      await profile.idle();
      await notifications.stop();
    },
  };
}

/** What becomes of somebody's rooms when their account is gone: they leave, and turn down what they were asked to. */
async function leaveAllRooms(
  userId: Parameters<Rooms['members']['ofUser']>[0],
  { engine, members }: Rooms,
): Promise<void> {
  for (const { roomId, membership } of await members.ofUser(userId)) {
    if (membership !== 'join' && membership !== 'invite' && membership !== 'knock') continue;
    await engine.send(roomId, {
      type: 'm.room.member',
      stateKey: userId,
      sender: userId,
      content: { membership: 'leave' },
    });
  }
}
