import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { systemClock } from '#platform/clock/index.ts';
import type { TlsConfig } from '#platform/config/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import { readCertificate } from '#platform/runtime/certificate.ts';
import { loadSigningKey } from '../../signing-key.ts';
import { Advice } from './finding.ts';

const ANY_OTHER = 0o077;
const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

export function checkFolder(path: string): string {
  if (!existsSync(path)) return `${path} will be made at the first start`;
  if (!statSync(path).isDirectory()) throw new Error(`${path} is no folder: configure another, or move that file away`);
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

/** `hostname` is where clients come. */
export function checkCertificate(tls: TlsConfig, hostname: string): string {
  const { certificatePath = '' } = tls;
  const { certificate } = readCertificate(tls);
  const { validFrom, validTo } = certificate;
  const now = systemClock.now();
  const daysLeft = Math.floor((Date.parse(validTo) - now) / DAY_MS);
  if (daysLeft < 0)
    throw new Error(`${certificatePath} has expired (${validTo}): renew it, then send the server SIGHUP`);
  if (Date.parse(validFrom) > now)
    throw new Error(`${certificatePath} is not good before ${validFrom}: is the clock right?`);
  if (certificate.checkHost(hostname) === undefined) {
    throw new Advice(`${certificatePath} is not for ${hostname}, where public_baseurl sends clients`);
  }
  if (daysLeft < SOON_DAYS) throw new Advice(`${certificatePath} expires in ${daysLeft} days (${validTo}): renew it`);
  return `${certificatePath}, good until ${validTo}`;
}
