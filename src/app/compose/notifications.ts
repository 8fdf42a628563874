import type { Accounts } from '#accounts/index.ts';
import type { Route } from '#api/endpoint.ts';
import type { AccountData } from '#features/account-data/index.ts';
import { notificationsFeature } from '#features/notifications/index.ts';
import { presenceFeature } from '#features/presence/index.ts';
import { pushRulesFeature } from '#features/push-rules/index.ts';
import { receiptsFeature } from '#features/receipts/index.ts';
import type { Range, SideEvent, SyncSources } from '#features/sync/index.ts';
import { typingFeature } from '#features/typing/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { EventHook, EventReader, Rooms } from '#rooms/index.ts';
import type { Platform } from './platform.ts';

export interface NotificationsOptions {
  readonly rooms: Rooms;
  readonly accounts: Accounts;
  /** Asked for late: it is made after this, since push rules are shown among account data. */
  readonly accountData: () => AccountData;
}

/** Receipts, typing, presence, push rules and unread counts. */
export interface Notifications extends Pick<SyncSources, 'receipts' | 'typing' | 'unread' | 'presence'> {
  readonly routes: readonly Route[];
  readonly hooks: readonly EventHook[];
  pushRulesOf(userId: UserId): Promise<JsonObject>;
  pushRulesEvent(userId: UserId, range: Range): SideEvent | undefined | Promise<SideEvent | undefined>;
  /** A room's receipts as event texts. */
  receiptTextsOf(roomId: RoomId, reader: EventReader): Promise<readonly string[]>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What Synapse has on unless told otherwise, besides what the specification asks for. */
const RULE_FEATURES = { legacyMentions: true, polls: true, encryptedEvents: false, threadSubscriptions: false };

export function composeNotifications(
  platform: Platform,
  { rooms, accounts, accountData }: NotificationsOptions,
): Notifications {
  const { config, storage, clock, caches } = platform;
  const { reader, transactor } = storage;
  const { streams } = rooms;
  const { serverName } = config.server;
  const { pushRules, ...rules } = pushRulesFeature({ reader, streams, serverName, features: RULE_FEATURES });
  const notifications = notificationsFeature({
    storage,
    clock,
    serverName,
    rooms,
    caches,
    sources: {
      pushRules,
      ignorersOf: (sender, members) => ignorersOf(sender, members, accountData()),
      isAppserviceUser: () => false,
    },
  });
  const { presence, ...presenceSlice } = presenceFeature({
    reader,
    transactor,
    clock,
    serverName,
    rooms,
    config: config.presence,
    excludedRooms: config.rooms.excludeRoomsFromPresence,
  });
  const onActivity = (userId: UserId): void => presence.active(userId);
  const { receipts, ...receiptSlice } = receiptsFeature({
    reader,
    clock,
    rooms,
    marks: notifications.marks,
    threads: notifications.threads,
    accountData: {
      get: (userId, key) => accountData().get(userId, key),
      put: (batch, userId, key, content) => accountData().put(batch, userId, key, content),
    },
    onActivity,
  });
  const { typing, ...typingSlice } = typingFeature({ clock, rooms, onActivity });

  const { hooks } = accounts;
  hooks.onSessionsEnded.push((userId, sessionIds, batch) =>
    notifications.pushers.sessionsEnded(batch, userId, sessionIds),
  );
  hooks.onDevicesDeleted.push((userId, deviceIds, batch) =>
    notifications.pushers.devicesDeleted(batch, userId, deviceIds),
  );
  hooks.onAccountDeactivated.push((userId, _options, batch) => {
    notifications.accountDeactivated(batch, userId);
    pushRules.accountDeactivated(batch, userId);
    presence.accountDeactivated(batch, userId);
  });
  return {
    routes: [rules, notifications, presenceSlice, receiptSlice, typingSlice].flatMap(({ routes }) => routes),
    hooks: [rules.hook, notifications.hook, presenceSlice.hook, typingSlice.hook],
    pushRulesOf: (userId) => pushRules.content(userId),
    pushRulesEvent(userId, range) {
      if (range.since !== undefined && !pushRules.mayHaveChanged(userId, range.since)) return undefined;
      return pushRules.event(userId, range).then((event) => event && sideEvent(event));
    },
    async receiptTextsOf(roomId, { userId }) {
      const nid = (await rooms.directory.find(roomId))?.nid;
      if (nid === undefined) return [];
      const found = await receipts.since(userId, new Map([[roomId, nid]]), {
        since: undefined,
        upTo: streams.current(),
      });
      return [...found.values()].map((content) => `{"type":"m.receipt","content":${content}}`);
    },
    receipts: (userId, asked, range) => receipts.since(userId, asked, range),
    typing: (_userId, asked, range) => typing.since(asked, range),
    unread: (userId, roomNids) => notifications.unread.countsFor(userId, roomNids),
    presence: {
      since: (userId, range) =>
        presence.watch.isQuietSince(range.since)
          ? []
          : presence.watch.since(userId, range).then((events) => events.map(sideEvent)),
      touch: (userId, deviceId, state, pollMs) => presence.touch(userId, deviceId, state, pollMs),
    },
    start: () => presence.start(),
    stop: () => presence.stop(),
  };
}

/** Which members of a room ignore a sender; at once where all their lists are in memory, as in a room in use. */
function ignorersOf(
  sender: UserId,
  members: Iterable<UserId>,
  accountData: AccountData,
): ReadonlySet<string> | Promise<ReadonlySet<string>> {
  const ignorers = new Set<string>();
  const unknown: UserId[] = [];
  for (const member of members) {
    const ignored = accountData.peekIgnoredBy(member);
    if (ignored === undefined) unknown.push(member);
    else if (ignored.has(sender)) ignorers.add(member);
  }
  if (unknown.length === 0) return ignorers;
  return Promise.all(
    unknown.map(async (member) => {
      if ((await accountData.ignoredBy(member)).has(sender)) ignorers.add(member);
    }),
  ).then(() => ignorers);
}

/** An event that is no room event, as the client reads it. */
function sideEvent(event: {
  readonly type: string;
  readonly sender?: string;
  readonly contentText: string;
}): SideEvent {
  const { type, sender, contentText } = event;
  const by = sender === undefined ? '' : `"sender":${JSON.stringify(sender)},`;
  return {
    type,
    ...(sender === undefined ? {} : { sender }),
    text: `{"type":${JSON.stringify(type)},${by}"content":${contentText}}`,
  };
}
