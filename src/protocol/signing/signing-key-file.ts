import type { KeyId } from '../identifiers/index.ts';
import { type SigningKey, seedOf, signingKeyFromSeed } from './signing-key.ts';

const LINE = /^ed25519\s+([A-Za-z0-9_]+)\s+(\S+)$/;

/**
 * The keys of a signing key file, the format Synapse uses: a line `ed25519 <version> <base64 seed>` for each key. Empty
 * lines and lines that open with `#` are skipped.
 * @throws Error that names the line, never the seed.
 */
export function parseSigningKeyFile(text: string): SigningKey[] {
  const keys: SigningKey[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, version, seed] = LINE.exec(line) ?? [];
    if (version === undefined || seed === undefined) {
      throw new Error(`line ${index + 1} of the signing key file is not "ed25519 <version> <base64 seed>"`);
    }
    keys.push(signingKeyFromSeed(`ed25519:${version}` as KeyId, seed));
  }
  return keys;
}

/** The text of a signing key file with `keys`: a secret. */
export function formatSigningKeyFile(keys: readonly SigningKey[]): string {
  return keys.map((key) => `${key.keyId.replace(':', ' ')} ${seedOf(key)}\n`).join('');
}
