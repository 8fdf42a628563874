import { X509Certificate } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { systemClock } from '#platform/clock/index.ts';
import type { TlsConfig } from '#platform/config/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import { loadSigningKey } from '../../signing-key.ts';
import { Advice } from './finding.ts';

const ANY_OTHER = 0o077;
const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

export function checkFolder(path: string): string {
  if (!existsSync(path)) return `${path} will be made at the first start`;
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    throw new Error(`${path} cannot be written: chown it to the user who runs the server`);
  }
  if ((statSync(path).mode & ANY_OTHER) !== 0) throw new Advice(`others can look into ${path}: chmod 700 it`);
  return path;
}

/** Signatures of this key are what makes the server itself: it must be there, whole, and secret. */
export function checkKey(path: string): string {
  if (!existsSync(path)) return `${path} will be made at the first start`;
  const { keyId } = loadSigningKey(path, systemRandom);
  if ((statSync(path).mode & ANY_OTHER) !== 0) throw new Error(`others can read ${path}: chmod 600 it`);
  return `${keyId} in ${path}`;
}

export function checkCertificate({ certificatePath = '', privateKeyPath = '' }: TlsConfig): string {
  const cert = readFileSync(certificatePath, 'utf8');
  createSecureContext({ cert, key: readFileSync(privateKeyPath, 'utf8') });
  const { validTo } = new X509Certificate(cert);
  const daysLeft = Math.floor((Date.parse(validTo) - systemClock.now()) / DAY_MS);
  if (daysLeft < 0)
    throw new Error(`${certificatePath} has expired (${validTo}): renew it, then send the server SIGHUP`);
  if (daysLeft < SOON_DAYS) throw new Advice(`${certificatePath} expires in ${daysLeft} days (${validTo}): renew it`);
  return `${certificatePath}, good until ${validTo}`;
}
