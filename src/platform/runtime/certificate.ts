/** The certificate and key of TLS listeners, read with errors that say which file is wrong. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { TlsConfig } from '#platform/config/index.ts';

export interface CertificatePair {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** The first certificate of the file: the server's own. */
  readonly certificate: X509Certificate;
}

/** Throws, with the configuration's key and the file, for what is missing, unreadable, no PEM, or does not fit together. */
export function readCertificate({ certificatePath, privateKeyPath }: TlsConfig): CertificatePair {
  const cert = readText('tls_certificate_path', certificatePath);
  const key = readText('tls_private_key_path', privateKeyPath);
  const certificate = attempt(
    () => new X509Certificate(cert),
    `tls_certificate_path: ${certificatePath} is no certificate`,
  );
  const privateKey: KeyObject = attempt(
    () => createPrivateKey(key),
    `tls_private_key_path: ${privateKeyPath} is no private key, or is encrypted`,
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error(`tls_private_key_path: ${privateKeyPath} is not the key of the certificate ${certificatePath}`);
  }
  // The rest of the chain too.
  attempt(() => createSecureContext({ cert, key }), `tls_certificate_path: ${certificatePath} cannot be used`);
  return { cert, key, certificate };
}

function readText(name: string, path: string | undefined): string {
  if (path === undefined) throw new Error(`${name} is required`);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${name}: cannot read ${path} (${(error as { code?: string }).code ?? 'error'})`);
  }
}

function attempt<T>(read: () => T, fault: string): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${fault} (${(error as Error).message})`, { cause: error });
  }
}
