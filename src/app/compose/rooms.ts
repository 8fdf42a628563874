import type { Accounts } from '#accounts/index.ts';
import type { Route } from '#api/endpoint.ts';
import type { AccountData } from '#features/account-data/index.ts';
import { createRoomFeature } from '#features/create-room/index.ts';
import { type DirectoryFeature, directoryFeature } from '#features/directory/index.ts';
import { type MembershipFeature, membershipFeature } from '#features/membership/index.ts';
import { messagesFeature } from '#features/messages/index.ts';
import { mutualRoomsFeature } from '#features/mutual-rooms/index.ts';
import type { ProfileFeature } from '#features/profile/index.ts';
import { redactionFeature } from '#features/redaction/index.ts';
import type { RelationsFeature } from '#features/relations/index.ts';
import { reportingFeature } from '#features/reporting/index.ts';
import { roomStateFeature } from '#features/room-state/index.ts';
import { roomSummaryFeature } from '#features/room-summary/index.ts';
import { roomUpgradeFeature } from '#features/room-upgrade/index.ts';
import { checkContent, sendEventFeature } from '#features/send-event/index.ts';
import { spacesFeature } from '#features/spaces/index.ts';
import { MatrixError, notFound } from '#protocol/errors.ts';
import { type RoomId, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject } from '#protocol/json.ts';
import type { EventHook, EventReader, Rooms } from '#rooms/index.ts';
import type { Platform } from './platform.ts';

export interface RoomSlicesOptions {
  readonly rooms: Rooms;
  readonly accounts: Accounts;
  readonly accountData: AccountData;
  readonly profile: Pick<ProfileFeature, 'profileOf'>;
  readonly relations: RelationsFeature;
  /** The receipts of a room as event texts, for the deprecated initial sync of one room. */
  readonly receiptsOf: (roomId: RoomId, reader: EventReader) => Promise<readonly string[]>;
  /** Gives a user who follows a room to its replacement their own settings there. */
  readonly onRoomUpgraded: (from: RoomId, to: RoomId, userIds: readonly UserId[]) => Promise<void>;
}

export interface RoomSlices {
  readonly routes: readonly Route[];
  readonly hooks: readonly EventHook[];
  readonly membership: MembershipFeature;
  readonly directory: DirectoryFeature;
  readonly isInPublicRoom: (userId: UserId) => Promise<boolean>;
}

/** Everything that happens to rooms: made, entered, written to, read, listed, replaced. */
export function composeRooms(platform: Platform, options: RoomSlicesOptions): RoomSlices {
  const { config, storage, clock, random, log, rateLimits } = platform;
  const { rooms, accounts, accountData, relations } = options;
  const { engine, events, members, joined, current, streams, repeated, transactions, visibility, timeline } = rooms;
  const { serverName } = config.server;
  const { reader } = storage;
  const report = (error: unknown): void => log.error('rooms.background_failed', { err: error });
  const ignoredBy = (userId: UserId) => accountData.ignoredBy(userId);
  const nidOf = (roomId: RoomId): number => {
    const nid = rooms.directory.peekById(roomId)?.nid;
    if (nid === undefined) throw new Error(`${roomId} has not been looked up`);
    return nid;
  };

  let directory: DirectoryFeature | undefined;
  const roomSummary = roomSummaryFeature({
    reader,
    rooms,
    resolveAlias: async (alias) => (await directory?.aliases.resolve(alias))?.roomId,
  });
  directory = directoryFeature({
    storage,
    clock,
    serverName,
    rooms,
    published: roomSummary.summaries,
    config: config.rooms,
  });
  const { aliases, publication } = directory;

  const membership = membershipFeature({
    engine,
    rooms: rooms.directory,
    events,
    members,
    joined,
    current,
    streams,
    repeated,
    serverName,
    limits: rateLimits,
    async profileOf(userId) {
      const { displayName, avatarUrl } = await options.profile.profileOf(userId);
      return { displayname: displayName, avatar_url: avatarUrl };
    },
    resolveAlias: (alias) => aliases.resolve(alias),
    async isInviteBlocked(invitee) {
      const content = await accountData.get(invitee, { type: 'm.invite_permission_config' });
      return content?.default_action === 'block';
    },
    isGuest: async (userId) => (await accounts.users.find(userId))?.isGuest ?? false,
    remote: NO_OTHER_SERVERS,
    config: config.rooms,
    report,
  });
  const { service } = membership;

  const creation = createRoomFeature({
    engine,
    repeated,
    clock,
    serverName,
    config: config.rooms,
    checkContent: ({ type, stateKey, content }) => checkContent({ type, stateKey, content }, serverName),
    directory: {
      async checkNewAlias(alias, requester) {
        aliases.checkNew(requester, alias, undefined);
        if ((await aliases.resolveLocal(alias)) !== undefined)
          throw new MatrixError('M_ROOM_IN_USE', 'This alias is taken');
      },
      checkCanonicalAlias: (content, alias) => aliases.checkFirstCanonicalAlias(content, alias),
      addAlias: (batch, alias, roomId, creator) =>
        void batch.add(aliases.insert({ userId: creator }, alias, nidOf(roomId))),
      mayPublish(creator, roomId, names) {
        try {
          publication.checkAllowed(creator, roomId, names);
          return true;
        } catch (error) {
          if (error instanceof MatrixError) return false;
          throw error;
        }
      },
      publish: (batch, roomId) => void batch.add(publication.setPublished(nidOf(roomId), true)),
    },
    membership: {
      contentOf: (kind, target, sent) => service.contents.of(kind, target, sent),
      requireInvitesAllowed: (caller) => service.inviting.requireAllowed(caller),
      limitInvites: (caller, targets) => service.inviting.limit(caller, targets, undefined),
      async requireInvitable(target, inviter) {
        if (serverNameOf(target) !== serverName) await NO_OTHER_SERVERS.requireInvitable();
        if (await service.inviting.isBlocked(target, inviter))
          throw new MatrixError('M_INVITE_BLOCKED', 'This user does not want to be invited');
      },
    },
  });

  const redaction = redactionFeature({
    engine,
    rooms: rooms.directory,
    events,
    transactions,
    random,
    limits: rateLimits,
  });
  const sending = sendEventFeature({
    engine,
    rooms: rooms.directory,
    events,
    transactions,
    serverName,
    random,
    changeMembership: (caller, change) => service.changeByState(caller, change),
    redact: (caller, request) => redaction.redactions.redact(caller, request),
    checkCanonicalAlias: (roomId, content, before) => aliases.checkCanonicalAlias(roomId, content, before),
    isDuplicateAnnotation: relations.isDuplicateAnnotation,
  });
  const upgrade = roomUpgradeFeature({
    engine,
    rooms: rooms.directory,
    members,
    current,
    clock,
    serverName,
    directory: {
      aliasesOf: async (roomNid) => (await aliases.ofRoom(roomNid)).map(({ alias }) => alias),
      isPublished: (roomId) => publication.isPublished(roomId),
      moveAliases: (batch, from, to) => void batch.add(aliases.moveAll(from, to)),
      setPublished: (batch, roomNid, isPublished) => void batch.add(publication.setPublished(roomNid, isPublished)),
    },
    joinContent: (userId) => service.contents.of('join', userId),
    onRoomUpgraded: options.onRoomUpgraded,
    report,
  });
  const spaces = spacesFeature({ storage, clock, random, rooms, descriptions: roomSummary.previews });
  const state = roomStateFeature({
    ...rooms,
    isPublic: (roomId) => publication.isPublished(roomId),
    accountData: async (roomId, { userId }) => (await accountData.ofRoom(userId, roomId)).map(({ text }) => text),
    receipts: options.receiptsOf,
  });
  const messages = messagesFeature({
    reader,
    events,
    timeline,
    visibility,
    current,
    clientEvents: rooms.clientEvents,
    relationsOf: relations.relationsOf,
    ignoredBy,
  });
  const reporting = reportingFeature({
    storage,
    clock,
    serverName,
    rooms,
    userExists: async (userId) => (await accounts.users.find(userId)) !== undefined,
  });
  const slices = [
    creation,
    membership,
    sending,
    redaction,
    state,
    messages,
    directory,
    roomSummary,
    spaces,
    upgrade,
    reporting,
    relations,
    mutualRoomsFeature({ reader }),
  ];
  return {
    routes: slices.flatMap(({ routes }) => routes),
    hooks: [roomSummary.hook, spaces.hook, ...relations.hooks, ...membership.hooks, ...upgrade.hooks],
    membership,
    directory,
    isInPublicRoom: (userId) => roomSummary.summaries.isInPublicRoom(userId),
  };
}

/** Until this server talks to others. */
const NO_OTHER_SERVERS = {
  async enter(): Promise<void> {
    throw notFound('No such room on this server, and it does not talk to others yet');
  },
  async requireInvitable(): Promise<void> {
    throw new MatrixError('M_FORBIDDEN', 'This server does not talk to others yet');
  },
};

/** Copies what a user set for a room to the room that replaces it: its tags, and its place in `m.direct`. */
export async function copyRoomSettings(
  accountData: AccountData,
  from: RoomId,
  to: RoomId,
  userId: UserId,
): Promise<void> {
  const tags = await accountData.get(userId, { roomId: from, type: 'm.tag' });
  if (tags !== undefined) await accountData.set(userId, { roomId: to, type: 'm.tag' }, tags);
  await accountData.update(userId, { type: 'm.direct' }, (content) => {
    const direct = isJsonObject(content) ? content : {};
    return Object.fromEntries(
      Object.entries(direct).map(([other, list]) => [
        other,
        Array.isArray(list) && list.includes(from) && !list.includes(to) ? [...list, to] : list,
      ]),
    );
  });
}
