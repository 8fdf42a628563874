/**
 * Events of rooms, whatever their version: the PDU as servers exchange it, and the `RoomEvent` that everything above the
 * protocol reads. Here: the format check, hashes and event ids, signatures, building a new PDU, the format for clients,
 * stripped state. Not here: what a redaction keeps (`redaction/`), who may send what (`event-auth/`), where events are
 * stored (`rooms/`).
 */
export {
  type BuildOptions,
  buildPdu,
  type EventReference,
  type ProtoEvent,
  type UnsignedPdu,
} from './build-pdu.ts';
export {
  checkPduFormat,
  type FormatVerdict,
  MAX_AUTH_EVENTS,
  MAX_KEY_BYTES,
  MAX_PDU_BYTES,
  MAX_PREV_EVENTS,
} from './check-format.ts';
export {
  type ClientEvent,
  type ClientEventOptions,
  clientEventText,
  completeClientEventText,
  toClientEvent,
} from './client-event.ts';
export { contentHash, eventIdOf, referenceHash, referenceHashBase64, signedTextOf, verifyContentHash } from './hash.ts';
export type { EventReferences, Pdu, RoomEvent, Signatures } from './pdu.ts';
export {
  createEventIdOfRoom,
  redactRoomEvent,
  referencedIds,
  roomIdOfCreateEvent,
  toRoomEvent,
} from './room-event.ts';
export {
  countersignEvent,
  requiredSignatures,
  type SealedEvent,
  sealEvent,
  signEvent,
  verifyEventSignature,
} from './sign-event.ts';
export {
  pruneStrippedState,
  STRIPPED_STATE_TYPES,
  type StrippedStateEvent,
  toStrippedState,
} from './stripped-state.ts';
