/**
 * Who is in which room: joining (also into restricted rooms and by a third-party invite), knocking, leaving, forgetting,
 * inviting, kicking, banning. Also what those outside see of a room (`InviteState`), the removal of guests, and invites that
 * are accepted by themselves. Not here: the auth rules (`protocol/event-auth`), the member lists (`features/room-state`).
 */
import type { Route } from '#api/endpoint.ts';
import type { EventHook } from '#rooms/index.ts';
import { AutoAcceptInvites } from './auto-accept-invites.ts';
import { GuestAccess } from './guest-access.ts';
import { InviteState } from './invite-state.ts';
import { MembershipService } from './membership.ts';
import type { MembershipDeps } from './ports.ts';
import { membershipRoutes } from './routes.ts';

export { InviteState } from './invite-state.ts';
export type { MembershipChange } from './member-changes.ts';
export { MembershipService } from './membership.ts';
export type { Caller, MemberProfile, MembershipConfig, MembershipDeps, RemoteMembership } from './ports.ts';

export interface MembershipFeature {
  readonly routes: readonly Route[];
  readonly service: MembershipService;
  readonly inviteState: InviteState;
  readonly hooks: readonly EventHook[];
}

export function membershipFeature(deps: MembershipDeps): MembershipFeature {
  const service = new MembershipService(deps);
  const { engine, serverName, members, isGuest, report, config } = deps;
  return {
    service,
    routes: membershipRoutes({ service, joined: deps.joined, repeated: deps.repeated }),
    inviteState: new InviteState(deps),
    hooks: [
      new GuestAccess({ engine, members, isGuest, report }),
      new AutoAcceptInvites({
        engine,
        serverName,
        contents: service.contents,
        config: config.autoAcceptInvites,
        report,
      }),
    ],
  };
}
