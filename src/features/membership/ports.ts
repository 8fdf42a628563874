import type { Requester } from '#api/requester.ts';
import type { RateLimits } from '#platform/http/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import type { RoomAlias, RoomId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type {
  CurrentState,
  EventStore,
  JoinedRooms,
  MembershipStore,
  RepeatedRequests,
  RoomDirectory,
  RoomEngine,
} from '#rooms/index.ts';

/** What a profile puts into a member event. */
export interface MemberProfile {
  readonly displayname?: string | undefined;
  readonly avatar_url?: string | undefined;
}

/** Rooms and users of other servers. */
export interface RemoteMembership {
  /** Joins, or knocks on, a room that this server does not know. Throws 404 `M_NOT_FOUND` if no server lets it. */
  enter(request: {
    readonly action: 'join' | 'knock';
    readonly userId: UserId;
    readonly roomId: RoomId;
    readonly via: readonly ServerName[];
    readonly content: JsonObject;
  }): Promise<void>;
  /** Throws unless a user of another server can be invited. */
  requireInvitable(userId: UserId): Promise<void>;
}

export interface MembershipDeps {
  readonly engine: RoomEngine;
  readonly rooms: RoomDirectory;
  readonly events: EventStore;
  readonly members: MembershipStore;
  readonly joined: JoinedRooms;
  readonly current: CurrentState;
  readonly streams: Streams;
  readonly repeated: RepeatedRequests;
  readonly serverName: ServerName;
  readonly limits: RateLimits;
  readonly profileOf: (userId: UserId) => Promise<MemberProfile>;
  readonly resolveAlias: (
    alias: RoomAlias,
  ) => Promise<{ readonly roomId: RoomId; readonly servers: readonly ServerName[] } | undefined>;
  /** Whether a local user's `m.invite_permission_config` refuses invites of `inviter`. */
  readonly isInviteBlocked: (invitee: UserId, inviter: UserId) => Promise<boolean>;
  /** Whether a local user has a guest account. */
  readonly isGuest: (userId: UserId) => Promise<boolean>;
  /** Whether the room is one of server notices, which its user may not leave. */
  readonly isServerNoticeRoom?: (roomId: RoomId) => Promise<boolean>;
  readonly remote: RemoteMembership;
  readonly config: MembershipConfig;
  /** Where failures go of what nobody waits for. */
  readonly report: (error: unknown) => void;
}

/** The keys of `RoomsConfig` that concern membership. */
export interface MembershipConfig {
  readonly blockNonAdminInvites: boolean;
  readonly allowPerRoomProfiles: boolean;
  readonly includeProfileDataOnInvite: boolean;
  readonly forgetRoomsOnLeave: boolean;
  readonly prejoinState: {
    readonly disableDefaultEventTypes: boolean;
    readonly additionalEventTypes: readonly { readonly type: string; readonly stateKey: string | undefined }[];
  };
  readonly autoAcceptInvites: {
    readonly enabled: boolean;
    readonly onlyForDirectMessages: boolean;
    readonly onlyFromLocalUsers: boolean;
  };
}

/** Who asks, and from where: what rate limits go by. */
export interface Caller {
  readonly requester: Requester;
  readonly ip: string;
}
