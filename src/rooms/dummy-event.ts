/** Sent only to bring a room's extremities together. No client is shown one. */
export const DUMMY_EVENT = 'org.matrix.dummy_event';
