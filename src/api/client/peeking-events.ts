/**
 * The specification documents `GET /events` twice: with `room_id` it is peeking. It is one route, hence one contract.
 * https://spec.matrix.org/v1.19/client-server-api/#peeking_get_matrixclientv3events
 */
export { getEvents as peekEvents } from './old-sync.ts';
