/**
 * Canonical JSON: the one text of a JSON value that servers hash and sign, and what room versions 6 and later refuse.
 * Here: the encoder, the strict check, and the scan for float literals (which `JSON.parse` forgets). Not here: hashing
 * and signing (`signing/`, `events/hash.ts`).
 * https://spec.matrix.org/v1.19/appendices/#canonical-json
 */
export { CanonicalJsonError, type CanonicalJsonOptions, checkStrictJson, encodeCanonicalJson } from './encode.ts';
export { hasFloatLiteral } from './float-literal.ts';
