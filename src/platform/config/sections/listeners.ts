import type { Reader } from '../reader.ts';

/** What a listener serves; the names are Synapse's. */
export const RESOURCE_NAMES = [
  'client',
  'consent',
  'federation',
  'keys',
  'media',
  'metrics',
  'openid',
  'replication',
  'static',
  'health',
] as const;
export type ResourceName = (typeof RESOURCE_NAMES)[number];

export interface ListenerConfig {
  readonly type: 'http' | 'metrics';
  readonly address: ListenAddress;
  readonly tls: boolean;
  /** Whether `X-Forwarded-For` and `X-Forwarded-Proto` are believed: only behind a proxy that sets them. */
  readonly xForwarded: boolean;
  /** The request header whose value becomes the request id. */
  readonly requestIdHeader: string | undefined;
  readonly resources: readonly ResourceName[];
  readonly tag: string | undefined;
}

export type ListenAddress =
  | { readonly port: number; readonly bindAddresses: readonly string[] }
  | { readonly unixSocket: string; readonly mode: number };

export interface TlsConfig {
  readonly certificatePath: string | undefined;
  readonly privateKeyPath: string | undefined;
}

const DEFAULT: ListenerConfig = {
  type: 'http',
  address: { port: 8008, bindAddresses: ['127.0.0.1', '::1'] },
  tls: false,
  xForwarded: false,
  requestIdHeader: undefined,
  resources: ['client', 'federation'],
  tag: undefined,
};

export function readListeners(reader: Reader): readonly ListenerConfig[] {
  if (!reader.has('listeners')) return [DEFAULT];
  return reader.sections('listeners').flatMap((section) => readListener(section) ?? []);
}

function readListener(reader: Reader): ListenerConfig | undefined {
  const type = reader.choice('type', ['http', 'metrics', 'manhole'], 'http');
  const address = readAddress(reader);
  const named = reader.has('resources') ? reader.sections('resources').flatMap(readResources) : [];
  const resources = named.filter((name) => name !== 'replication');
  if (reader.object('additional_resources') !== undefined) {
    reader.problems.warn(`${reader.prefix}additional_resources`, 'is not supported and has no effect');
  }
  const listener = {
    address,
    tls: reader.boolean('tls', false),
    xForwarded: reader.boolean('x_forwarded', 'unixSocket' in address),
    requestIdHeader: reader.optionalString('request_id_header'),
    resources: resources.length === 0 ? DEFAULT.resources : resources,
    tag: reader.optionalString('tag'),
  };
  if (type === 'manhole') {
    reader.problems.warn(`${reader.prefix}type`, 'manhole listeners do not exist here; the listener is not opened');
    return undefined;
  }
  if (type === 'metrics') return { ...listener, type, resources: ['metrics'] };
  if (resources.length === named.length) return { ...listener, type };
  const isForNothingElse = resources.length === 0;
  const end = isForNothingElse ? '; the listener is not opened' : '';
  reader.problems.warn(`${reader.prefix}resources`, `replication does not exist here${end}`);
  return isForNothingElse ? undefined : { ...listener, type };
}

function readAddress(reader: Reader): ListenAddress {
  const unixSocket = reader.optionalPath('path');
  const mode = reader.raw('mode');
  if (unixSocket !== undefined) return { unixSocket, mode: readMode(reader, mode) };
  const addresses = [...reader.strings('bind_addresses')];
  const single = reader.optionalString('bind_address');
  if (single !== undefined && single !== '') addresses.push(single);
  const port = reader.optionalInteger('port', { max: 65535 });
  if (port === undefined && !reader.has('port')) reader.problems.error(`${reader.prefix}port`, 'is required');
  return { port: port ?? 0, bindAddresses: addresses.length > 0 ? addresses : ['::', '0.0.0.0'] };
}

/** `0660` is octal already where it comes as a number. */
function readMode(reader: Reader, value: unknown): number {
  if (value === undefined) return 0o666;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0o777) return value;
  const text = String(value).replace(/^0o?/, '');
  if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
  reader.problems.error(`${reader.prefix}mode`, 'must be an octal file mode such as 0660');
  return 0o666;
}

function readResources(reader: Reader): ResourceName[] {
  reader.boolean('compress', false);
  const names = reader.stringOrStrings('names');
  const known = names.filter((name): name is ResourceName => (RESOURCE_NAMES as readonly string[]).includes(name));
  const unknown = names.filter((name) => !known.includes(name as ResourceName) && name !== 'webclient');
  if (unknown.length > 0) {
    reader.problems.error(
      `${reader.prefix}names`,
      `no such resource: ${unknown.join(', ')} (${RESOURCE_NAMES.join(', ')})`,
    );
  }
  return known;
}

export function readTls(reader: Reader, listeners: readonly ListenerConfig[]): TlsConfig {
  const tls = {
    certificatePath: reader.optionalPath('tls_certificate_path'),
    privateKeyPath: reader.optionalPath('tls_private_key_path'),
  };
  if (listeners.some((listener) => listener.tls)) {
    if (tls.certificatePath === undefined) {
      reader.problems.error('tls_certificate_path', 'is required when a listener has tls: true');
    }
    if (tls.privateKeyPath === undefined) {
      reader.problems.error('tls_private_key_path', 'is required when a listener has tls: true');
    }
  }
  return tls;
}
