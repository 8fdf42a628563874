import type { UserId } from '#protocol/identifiers/index.ts';

/** A user of this server, as the server keeps it. */
export interface Account {
  readonly userId: UserId;
  readonly passwordHash: string | undefined;
  readonly userType: string | undefined;
  readonly appserviceId: string | undefined;
  /** Milliseconds since the epoch. */
  readonly createdTs: number;
  readonly consentVersion: string | undefined;
  readonly isAdmin: boolean;
  readonly isGuest: boolean;
  readonly isDeactivated: boolean;
  readonly isErased: boolean;
  readonly isLocked: boolean;
  readonly isSuspended: boolean;
  readonly isShadowBanned: boolean;
  readonly isApproved: boolean;
}

/** What an account may be made with. Left out: no password, an ordinary user. */
export interface NewAccount {
  readonly userId: UserId;
  readonly passwordHash?: string | undefined;
  readonly userType?: string | undefined;
  readonly appserviceId?: string | undefined;
  readonly consentVersion?: string | undefined;
  readonly isAdmin?: boolean;
  readonly isGuest?: boolean;
  readonly isShadowBanned?: boolean;
  /** The profile's first display name; left out: the localpart. */
  readonly displayName?: string | undefined;
}

/** What an administrator can change of an account. */
export interface AccountFlags {
  readonly isAdmin: boolean;
  readonly isLocked: boolean;
  readonly isSuspended: boolean;
  readonly isShadowBanned: boolean;
  readonly isApproved: boolean;
  readonly isErased: boolean;
  readonly userType: string | undefined;
}
