/**
 * Ed25519 signatures on JSON, signing keys and their file, and unpadded base64.
 * Not here: which servers must sign an event and what is signed of it (`events/`), and where keys are fetched and
 * cached (the federation layer's keyring).
 * https://spec.matrix.org/v1.19/appendices/#signing-json
 */
export { decodeBase64, encodeBase64, encodeBase64Url } from './base64.ts';
export { PublicKeyCache, publicKeyFromBase64, verifySignature } from './public-key.ts';
export { signJson, verifyJson } from './sign-json.ts';
export { SIGNATURE_LENGTH, SignedText } from './signed-text.ts';
export { type SigningKey, seedOf, signBytes, signingKeyFromSeed } from './signing-key.ts';
export { formatSigningKeyFile, parseSigningKeyFile } from './signing-key-file.ts';
