import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';

/** What accounts need to know of an appservice. */
export interface AppserviceIdentity {
  readonly id: string;
  /** The user it acts as when it names none. */
  readonly sender: UserId;
  /** Whether the user lies in its namespaces, its sender included. */
  isInterestedInUser(userId: UserId): boolean;
  /** Whether its requests are free from rate limits; they are unless it says otherwise. */
  readonly isRateLimited: boolean;
}

/** The registered appservices. Whoever reads their registrations provides it; lookups are in memory. */
export interface AppserviceDirectory {
  byToken(token: string): AppserviceIdentity | undefined;
  byId(id: string): AppserviceIdentity | undefined;
  /** The appservice that claims the user id for itself alone. */
  exclusiveOwner(userId: UserId): AppserviceIdentity | undefined;
}

export const NO_APPSERVICES: AppserviceDirectory = {
  byToken: () => undefined,
  byId: () => undefined,
  exclusiveOwner: () => undefined,
};

/** Whom an appservice says it acts for. https://spec.matrix.org/v1.19/application-service-api/#identity-assertion */
export interface AssertedIdentity {
  readonly userId: string | undefined;
  readonly deviceId: DeviceId | undefined;
}

export function assertedIdentity(search: URLSearchParams): AssertedIdentity {
  const deviceId = search.get('device_id') ?? search.get('org.matrix.msc3202.device_id');
  return {
    userId: search.get('user_id') ?? undefined,
    deviceId: deviceId === null || deviceId === '' ? undefined : (deviceId as DeviceId),
  };
}
