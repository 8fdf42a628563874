import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Random } from '#platform/random/index.ts';
import type { KeyId } from '#protocol/identifiers/index.ts';
import {
  encodeBase64,
  formatSigningKeyFile,
  parseSigningKeyFile,
  type SigningKey,
  signingKeyFromSeed,
} from '#protocol/signing/index.ts';

/** A new key with a random version, as Synapse names them. */
export function newSigningKey(random: Random): SigningKey {
  return signingKeyFromSeed(`ed25519:a_${random.text(4)}` as KeyId, encodeBase64(random.bytes(32)));
}

/** Writes keys readable by their owner only. Fails if the file exists: a signing key is never overwritten. */
export function writeSigningKeys(path: string, keys: readonly SigningKey[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, formatSigningKeyFile([...keys]), { mode: 0o600, flag: 'wx' });
}

/** The server's key, made at the first start. */
export function loadSigningKey(path: string, random: Random): SigningKey {
  if (!existsSync(path)) writeSigningKeys(path, [newSigningKey(random)]);
  const [key] = readSigningKeys(path);
  if (key === undefined) throw new Error(`the signing key file ${path} holds no key`);
  return key;
}

function readSigningKeys(path: string): SigningKey[] {
  try {
    return parseSigningKeyFile(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`the signing key file ${path} cannot be used: ${(error as Error).message}`);
  }
}
