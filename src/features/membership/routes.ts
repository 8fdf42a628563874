import * as banning from '#api/client/banning.ts';
import { inviteUser, inviteUserLegacy } from '#api/client/inviting.ts';
import * as joining from '#api/client/joining.ts';
import { kick, kickLegacy } from '#api/client/kicking.ts';
import { knockRoom } from '#api/client/knocking.ts';
import * as leaving from '#api/client/leaving.ts';
import { getJoinedRooms } from '#api/client/list-joined-rooms.ts';
import { type RequestInfo, type Route, route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import { forbidden, MatrixError } from '#protocol/errors.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { JoinedRooms, RepeatedRequests } from '#rooms/index.ts';
import type { MembershipService } from './membership.ts';
import type { Caller } from './ports.ts';
import type { ThirdPartySigned } from './third-party-invite.ts';

interface RouteDeps {
  readonly service: MembershipService;
  readonly joined: JoinedRooms;
  readonly repeated: RepeatedRequests;
}

type JoinBody = (JsonObject & { third_party_signed?: ThirdPartySigned }) | undefined;
interface TargetBody {
  readonly user_id: UserId;
  readonly reason?: string;
}
interface InviteBody {
  readonly user_id?: UserId;
  readonly reason?: string;
  readonly medium?: string;
  readonly address?: string;
}

export function membershipRoutes({ service, joined, repeated }: RouteDeps): readonly Route[] {
  const join = async (
    caller: Caller,
    idOrAlias: Parameters<typeof service.entering.join>[1],
    body: JoinBody,
    via?: readonly string[],
  ) => {
    // Clients may put keys of their own into the member event.
    const { third_party_signed: thirdPartySigned, ...content } = body ?? {};
    const { roomId } = await service.entering.join(caller, idOrAlias, {
      via,
      content: content as JsonObject,
      thirdPartySigned,
    });
    return { room_id: roomId };
  };
  const leave = async (caller: Caller, roomId: RoomId, body: { readonly reason?: string } | undefined) => {
    await service.leave(caller, { roomId, content: reasonOf(body) });
    return {};
  };
  const moderate = async (action: 'kick' | 'ban' | 'unban', caller: Caller, roomId: RoomId, body: TargetBody) => {
    await service.moderation[action](caller, { roomId, target: body.user_id, content: reasonOf(body) });
    return {};
  };
  const invite = async (caller: Caller, roomId: RoomId, body: InviteBody) => {
    await service.inviting.invite(caller, { roomId, target: inviteeOf(body), content: reasonOf(body) });
    return {};
  };
  const forget = async ({ userId }: Requester, roomId: RoomId) => {
    await service.forget(userId, roomId);
    return {};
  };
  const joinById = (caller: Caller, roomId: RoomId, body: unknown) => join(caller, roomId, body as JoinBody);

  return [
    route(joining.joinRoomById, ({ params, body, ...call }) => joinById(callerOf(call), params.roomId, body)),
    route(joining.joinRoomByIdLegacy, ({ params, body, requester, request }) =>
      repeated.once(requester, ['join', params.roomId, params.txnId], () =>
        joinById({ requester, ip: request.ip }, params.roomId, body),
      ),
    ),
    route(joining.joinRoom, ({ params, query, body, ...call }) =>
      join(callerOf(call), params.roomIdOrAlias, body as JoinBody, query.via ?? query.server_name),
    ),
    route(joining.joinRoomLegacy, ({ params, query, body, requester, request }) =>
      repeated.once(requester, ['join', params.roomIdOrAlias, params.txnId], () =>
        join({ requester, ip: request.ip }, params.roomIdOrAlias, body as JoinBody, query.via ?? query.server_name),
      ),
    ),
    route(knockRoom, async ({ params, query, body, ...call }) => {
      const options = { via: query.via ?? query.server_name, content: reasonOf(body) };
      return { room_id: (await service.entering.knock(callerOf(call), params.roomIdOrAlias, options)).roomId };
    }),
    route(leaving.leaveRoom, ({ params, body, ...call }) => leave(callerOf(call), params.roomId, body)),
    route(leaving.leaveRoomLegacy, ({ params, body, requester, request }) =>
      repeated.once(requester, ['leave', params.roomId, params.txnId], () =>
        leave({ requester, ip: request.ip }, params.roomId, body),
      ),
    ),
    route(leaving.forgetRoom, ({ params, requester }) => forget(requester, params.roomId)),
    route(leaving.forgetRoomLegacy, ({ params, requester }) => forget(requester, params.roomId)),
    route(inviteUser, ({ params, body, ...call }) => invite(callerOf(call), params.roomId, body)),
    route(inviteUserLegacy, ({ params, body, requester, request }) =>
      repeated.once(requester, ['invite', params.roomId, params.txnId], () =>
        invite({ requester, ip: request.ip }, params.roomId, body),
      ),
    ),
    route(kick, ({ params, body, ...call }) => moderate('kick', callerOf(call), params.roomId, body)),
    route(kickLegacy, ({ params, body, requester, request }) =>
      repeated.once(requester, ['kick', params.roomId, params.txnId], () =>
        moderate('kick', { requester, ip: request.ip }, params.roomId, body),
      ),
    ),
    route(banning.ban, ({ params, body, ...call }) => moderate('ban', callerOf(call), params.roomId, body)),
    route(banning.banLegacy, ({ params, body, requester, request }) =>
      repeated.once(requester, ['ban', params.roomId, params.txnId], () =>
        moderate('ban', { requester, ip: request.ip }, params.roomId, body),
      ),
    ),
    route(banning.unban, ({ params, body, ...call }) => moderate('unban', callerOf(call), params.roomId, body)),
    route(banning.unbanLegacy, ({ params, body, requester, request }) =>
      repeated.once(requester, ['unban', params.roomId, params.txnId], () =>
        moderate('unban', { requester, ip: request.ip }, params.roomId, body),
      ),
    ),
    route(getJoinedRooms, async ({ requester }) => ({ joined_rooms: [...(await joined.of(requester.userId)).keys()] })),
  ];
}

function callerOf({ requester, request }: { readonly requester: Requester; readonly request: RequestInfo }): Caller {
  return { requester, ip: request.ip };
}

function reasonOf(body: { readonly reason?: string } | undefined): JsonObject {
  return body?.reason === undefined ? {} : { reason: body.reason };
}

/** @throws MatrixError where somebody is to be invited by an e-mail address: this server asks no identity server. */
function inviteeOf({ user_id: userId, medium, address }: InviteBody): UserId {
  if (userId !== undefined) return userId;
  if (medium !== undefined && address !== undefined) {
    throw forbidden('This server does not look up third-party identifiers');
  }
  throw new MatrixError('M_MISSING_PARAM', "Missing key: 'user_id'");
}
