/**
 * The specification documents `POST /rooms/{roomId}/invite` twice: without `user_id` it invites whoever owns a third-party
 * identifier. It is one route, hence one contract.
 * https://spec.matrix.org/v1.19/client-server-api/#thirdparty_post_matrixclientv3roomsroomidinvite
 */
export { inviteUser as inviteBy3PID } from './inviting.ts';
