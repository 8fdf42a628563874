/**
 * The redaction algorithm: what remains of an event once it is redacted, by the rules of its room version.
 * Not here: who may redact what (event auth, the room engine), and the rules themselves (`room-versions/`).
 * https://spec.matrix.org/v1.19/client-server-api/#redactions
 */
export { redactedContent, redactPdu } from './redact-pdu.ts';
