import { forbidden } from '#protocol/errors.ts';
import { serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Draft, HotRoom } from '#rooms/index.ts';

/** An identity server's word that a user owns the e-mail address or phone number that was invited. */
export interface ThirdPartySigned {
  readonly sender: UserId;
  readonly mxid: UserId;
  readonly token: string;
  readonly signatures: JsonObject;
}

/**
 * The invite of `userId` that follows from that of their e-mail address. The auth rules check the signature.
 * @throws MatrixError 403 `M_FORBIDDEN` if the room has no such invite, or the identity server vouches for somebody else, or
 *   the inviter is of another server, which alone could send it.
 * https://spec.matrix.org/v1.19/client-server-api/#third-party-invites
 */
export async function thirdPartyInvite(signed: ThirdPartySigned, userId: UserId, room: HotRoom): Promise<Draft> {
  const { sender, mxid, token, signatures } = signed;
  if (mxid !== userId) throw forbidden('The invite is for another user');
  const invitation = await room.state.get('m.room.third_party_invite', token);
  if (invitation === undefined || invitation.sender !== sender)
    throw forbidden('The room has no such third-party invite');
  if (serverNameOf(sender) !== serverNameOf(userId)) throw forbidden('Only the inviter’s server can let you in');
  const displayName = invitation.content.display_name;
  return {
    type: 'm.room.member',
    stateKey: mxid,
    sender,
    content: {
      membership: 'invite',
      third_party_invite: {
        ...(typeof displayName === 'string' && { display_name: displayName }),
        signed: { mxid, token, signatures },
      },
    },
  };
}
