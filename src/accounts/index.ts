/**
 * Accounts: users, devices, sessions and access tokens. Who is asking, and how they prove it (passwords, user-interactive
 * authentication). Rooms are unknown here: what happens to them when an account or a device goes is added from above,
 * through hooks. The endpoints that log in, register and manage accounts are slices of `features`.
 */
export type { Account, AccountFlags, NewAccount } from './account.ts';
export {
  type AppserviceDirectory,
  type AppserviceIdentity,
  type AssertedIdentity,
  assertedIdentity,
  NO_APPSERVICES,
} from './appservices.ts';
export { Authenticator, type AuthenticatorDeps } from './authenticator.ts';
export { type Accounts, type AccountsOptions, createAccounts } from './create-accounts.ts';
export { type ClaimedUser, Credentials, namesSomebody } from './credentials.ts';
export { DeviceActivity } from './device-activity.ts';
export { type Device, type DeviceConnection, DeviceStore } from './device-store.ts';
export { Devices } from './devices.ts';
export { softLogout, unknownDevice, unknownToken, userDeactivated, userLocked, wrongCredentials } from './errors.ts';
export { type AccountHooks, createAccountHooks, type DeactivationOptions } from './hooks.ts';
export { Lifecycle } from './lifecycle.ts';
export { checkPasswordPolicy, MAX_PASSWORD_LENGTH } from './password-policy.ts';
export { Passwords } from './passwords.ts';
export type { RefreshedTokens } from './refresh-session.ts';
export { type Session, type SessionScope, SessionStore } from './session-store.ts';
export { type NewSession, type PreparedSession, Sessions, type SessionTokens } from './sessions.ts';
export type { AccountTables } from './tables.ts';
export { createToken, hashToken, isPlausibleToken, type TokenKind } from './token.ts';
export {
  dummyStage,
  type Flow,
  InteractionRequired,
  passwordStage,
  type Stage,
  type StageContext,
  type StageOutcome,
  type UiaResult,
  type UiaRun,
  UserInteractiveAuth,
} from './uia/index.ts';
export { UserStore } from './user-store.ts';
