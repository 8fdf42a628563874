import type { DeviceId, ServerName, UserId } from '#protocol/identifiers/index.ts';

/** Who asks, once the access token has been checked. */
export interface Requester {
  readonly userId: UserId;
  /** Absent for tokens without a device, such as an appservice's. */
  readonly deviceId: DeviceId | undefined;
  /** The access token's row id: it outlives a refresh through its session, and scopes nothing by itself. */
  readonly tokenId: number | undefined;
  readonly isGuest: boolean;
  /** Server administrator. */
  readonly isAdmin: boolean;
  readonly isSuspended: boolean;
  readonly isShadowBanned: boolean;
  /** The appservice's id, when one acts for this user. */
  readonly appserviceId: string | undefined;
}

/** Another homeserver, once its `X-Matrix` signature has been verified. */
export interface ServerRequester {
  readonly origin: ServerName;
}
