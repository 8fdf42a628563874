import type { Requester } from '#api/requester.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Batch } from '#platform/storage/ports.ts';
import type { RoomAlias, RoomId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { CurrentState, MembershipStore, RoomDirectory, RoomEngine } from '#rooms/index.ts';

/** Who asks, and from where. */
export interface Caller {
  readonly requester: Requester;
  readonly ip: string;
}

/** What replacing a room needs of the directory. */
export interface UpgradeDirectory {
  /** This server's aliases of a room. */
  aliasesOf(roomNid: number): Promise<readonly RoomAlias[]>;
  isPublished(roomId: RoomId): Promise<boolean>;
  /** Points this server's aliases of the old room at the new one. */
  moveAliases(batch: Batch, fromNid: number, toNid: number): void;
  setPublished(batch: Batch, roomNid: number, isPublished: boolean): void;
}

export interface RoomUpgradeDeps {
  readonly engine: RoomEngine;
  readonly rooms: RoomDirectory;
  readonly members: MembershipStore;
  readonly current: CurrentState;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly directory: UpgradeDirectory;
  /** The content of the requester's join. */
  readonly joinContent: (userId: UserId) => Promise<JsonObject>;
  /**
   * Gives users who were in the old room what they had set for it (tags, push rules, `m.direct`) in the new one too. Called
   * once for each user, when they first join the new room; running it twice must do no harm.
   */
  readonly onRoomUpgraded: (from: RoomId, to: RoomId, userIds: readonly UserId[]) => Promise<void>;
  /** Where failures go of what nobody waits for. */
  readonly report: (error: unknown) => void;
}
