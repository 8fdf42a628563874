import type { RequestInfo } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';

/** The devices of this server's users, as the accounts layer knows them. */
export interface KnownDevices {
  /** All devices, dehydrated ones included. Unknown users are missing. */
  devicesOf(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, ReadonlyMap<DeviceId, string | undefined>>>;
}

/** The identity keys of this server's devices. */
export interface DeviceKeys {
  ofUsers(
    userIds: readonly UserId[],
  ): Promise<readonly { readonly userId: UserId; readonly deviceId: DeviceId; readonly keys: JsonObject }[]>;
}

/**
 * User-interactive authentication: resolves once the requester has proved who they are, throws the 401 that asks for it.
 * `body` is the whole request body, `auth` included.
 */
export type ConfirmIdentity = (call: {
  readonly requester: Requester;
  readonly request: RequestInfo;
  readonly body: JsonObject;
}) => Promise<void>;
