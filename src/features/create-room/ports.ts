import type { Requester } from '#api/requester.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Batch } from '#platform/storage/ports.ts';
import type { RoomAlias, RoomId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Draft, RepeatedRequests, RoomEngine } from '#rooms/index.ts';

/** Who asks, and from where. */
export interface Caller {
  readonly requester: Requester;
  readonly ip: string;
}

/** What creating a room needs of the directory. */
export interface NewRoomDirectory {
  /** Throws 400 `M_ROOM_IN_USE`, `M_EXCLUSIVE`, or 403 `M_FORBIDDEN` where the user may not make this alias. */
  checkNewAlias(alias: RoomAlias, requester: Requester): Promise<void>;
  /**
   * Checks an `m.room.canonical_alias` of a new room, which has `alias` and no other. Throws 400 `M_BAD_ALIAS`,
   * `M_INVALID_PARAM`.
   */
  checkCanonicalAlias(content: JsonObject, alias: RoomAlias | undefined): Promise<void>;
  /** Adds the rows of the alias; a unique constraint fails the batch if it has been taken meanwhile. */
  addAlias(batch: Batch, alias: RoomAlias, roomId: RoomId, creator: UserId): void;
  /** Whether the configuration lets the user list the room. */
  mayPublish(creator: UserId, roomId: RoomId, aliases: readonly RoomAlias[]): boolean;
  /** Adds the rows that list the room. */
  publish(batch: Batch, roomId: RoomId): void;
}

/** What creating a room needs of membership. */
export interface NewRoomMembership {
  /** The content of a member event, with the target's profile. */
  contentOf(membership: 'join' | 'invite', target: UserId, sent?: JsonObject): Promise<JsonObject>;
  /** Throws 403 `M_FORBIDDEN` where only administrators invite. */
  requireInvitesAllowed(caller: Caller): void;
  /** Throws 429 `M_LIMIT_EXCEEDED`. */
  limitInvites(caller: Caller, targets: readonly UserId[]): Promise<void>;
  /** Throws 403 `M_INVITE_BLOCKED` if the target wants no invites of the inviter, or cannot be invited at all. */
  requireInvitable(target: UserId, inviter: UserId): Promise<void>;
}

export interface CreateRoomDeps {
  readonly engine: RoomEngine;
  readonly repeated: RepeatedRequests;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly directory: NewRoomDirectory;
  readonly membership: NewRoomMembership;
  /** Throws 400 `M_BAD_JSON` for an event that no client should be made to read. */
  readonly checkContent: (event: Pick<Draft, 'type' | 'stateKey' | 'content'>) => void;
  readonly config: CreateRoomConfig;
}

/** The keys of `RoomsConfig` that concern new rooms. */
export interface CreateRoomConfig {
  readonly defaultRoomVersion: string;
  readonly encryptionEnabledByDefault: 'all' | 'invite' | 'off';
  /** Preset to what is merged over its power levels. */
  readonly defaultPowerLevelContentOverride: JsonObject;
}
