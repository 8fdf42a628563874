import { join, resolve } from 'node:path';
import type { JsonObject } from '#protocol/json.ts';
import type { Reader } from '../reader.ts';

export interface KeysConfig {
  /** Absolute path of the signing key in Synapse's file format. */
  readonly signingKeyPath: string;
  /** Key id to `{ key, expired_ts }`, published as `old_verify_keys`. */
  readonly oldSigningKeys: Readonly<Record<string, { readonly key: string; readonly expiredTs: number }>>;
  readonly keyRefreshIntervalMs: number;
  readonly trustedKeyServers: readonly TrustedKeyServer[];
  readonly suppressKeyServerWarning: boolean;
  /** The key with which we sign answers as a notary, when not the server's own. */
  readonly keyServerSigningKeysPath: string | undefined;
}

export interface TrustedKeyServer {
  readonly serverName: string;
  /** Key id to unpadded base64; undefined: its keys are believed over TLS. */
  readonly verifyKeys: Readonly<Record<string, string>> | undefined;
  readonly acceptKeysInsecurely: boolean;
}

export interface FederationConfig {
  /** Undefined: every server. */
  readonly domainWhitelist: readonly string[] | undefined;
  readonly whitelistEndpointEnabled: boolean;
  readonly verifyCertificates: boolean;
  readonly clientMinimumTlsVersion: '1' | '1.1' | '1.2' | '1.3';
  /** Globs of server names whose certificates are not checked. */
  readonly certificateVerificationWhitelist: readonly string[];
  /** Absolute paths of PEM files believed besides the system's. */
  readonly customCaPaths: readonly string[];
  readonly allowProfileLookup: boolean;
  readonly allowDeviceNameLookup: boolean;
  readonly metricsDomains: readonly string[];
  readonly clientTimeoutMs: number;
  readonly maxShortRetryDelayMs: number;
  readonly maxLongRetryDelayMs: number;
  readonly maxShortRetries: number;
  readonly maxLongRetries: number;
  readonly destinationMinRetryIntervalMs: number;
  readonly destinationRetryMultiplier: number;
  readonly destinationMaxRetryIntervalMs: number;
}

export interface OutboundConfig {
  /** Address ranges (CIDR) that requests to the outside never reach. */
  readonly ipRangeBlocklist: readonly string[];
  /** Exceptions to the blocklist. */
  readonly ipRangeAllowlist: readonly string[];
  readonly httpProxy: string | undefined;
  readonly httpsProxy: string | undefined;
  readonly noProxyHosts: readonly string[] | undefined;
}

/** Ranges that are private, local or reserved, as Synapse blocks by default. */
export const PRIVATE_IP_RANGES: readonly string[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '192.0.0.0/24',
  '169.254.0.0/16',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '192.0.2.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '::1/128',
  'fe80::/10',
  'fc00::/7',
  '2001:db8::/32',
  'ff00::/8',
  'fec0::/10',
];

const ALWAYS_BLOCKED = ['0.0.0.0', '::'];

export function readKeys(reader: Reader, dataDir: string, serverName: string): KeysConfig {
  return {
    signingKeyPath: reader.path('signing_key_path', join(dataDir, `${serverName.replace(/[:[\]]/g, '_')}.signing.key`)),
    oldSigningKeys: readOldKeys(reader.section('old_signing_keys')),
    keyRefreshIntervalMs: reader.duration('key_refresh_interval', 86_400_000),
    trustedKeyServers: readTrustedKeyServers(reader),
    suppressKeyServerWarning: reader.boolean('suppress_key_server_warning', false),
    keyServerSigningKeysPath: reader.optionalPath('key_server_signing_keys_path'),
  };
}

function readOldKeys(reader: Reader): KeysConfig['oldSigningKeys'] {
  return Object.fromEntries(
    Object.keys(reader.values).map((keyId) => {
      const entry = reader.section(keyId);
      return [keyId, { key: entry.string('key', ''), expiredTs: entry.integer('expired_ts', 0) }];
    }),
  );
}

function readTrustedKeyServers(reader: Reader): readonly TrustedKeyServer[] {
  if (!reader.has('trusted_key_servers')) {
    return [{ serverName: 'matrix.org', verifyKeys: undefined, acceptKeysInsecurely: false }];
  }
  return reader.sections('trusted_key_servers').map((entry) => {
    const keys = entry.object('verify_keys');
    if (!entry.has('server_name')) reader.problems.error(`${entry.prefix}server_name`, 'is required');
    return {
      serverName: entry.string('server_name', ''),
      verifyKeys: keys === undefined ? undefined : textValues(keys),
      acceptKeysInsecurely: entry.boolean('accept_keys_insecurely', false),
    };
  });
}

const textValues = (map: JsonObject): Record<string, string> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, String(value)]));

export function readFederation(reader: Reader): FederationConfig {
  const federation = reader.section('federation');
  return {
    domainWhitelist: reader.optionalStrings('federation_domain_whitelist'),
    whitelistEndpointEnabled: reader.boolean('federation_whitelist_endpoint_enabled', false),
    verifyCertificates: reader.boolean('federation_verify_certificates', true),
    clientMinimumTlsVersion: minimumTlsVersion(reader),
    certificateVerificationWhitelist: reader.strings('federation_certificate_verification_whitelist'),
    customCaPaths: reader.strings('federation_custom_ca_list').map((path) => resolve(reader.cwd, path)),
    allowProfileLookup: reader.boolean('allow_profile_lookup_over_federation', true),
    allowDeviceNameLookup: reader.boolean('allow_device_name_lookup_over_federation', false),
    metricsDomains: reader.strings('federation_metrics_domains'),
    clientTimeoutMs: federation.duration('client_timeout', 60_000),
    maxShortRetryDelayMs: federation.duration('max_short_retry_delay', 2_000),
    maxLongRetryDelayMs: federation.duration('max_long_retry_delay', 60_000),
    maxShortRetries: federation.integer('max_short_retries', 3),
    maxLongRetries: federation.integer('max_long_retries', 10),
    destinationMinRetryIntervalMs: federation.duration('destination_min_retry_interval', 600_000),
    destinationRetryMultiplier: federation.number('destination_retry_multiplier', 2, { min: 1 }),
    destinationMaxRetryIntervalMs: federation.duration('destination_max_retry_interval', 7 * 86_400_000),
  };
}

function minimumTlsVersion(reader: Reader): FederationConfig['clientMinimumTlsVersion'] {
  const key = 'federation_client_minimum_tls_version';
  const version = reader.optionalString(key) ?? '1.2';
  if (version === '1' || version === '1.1' || version === '1.2' || version === '1.3') return version;
  reader.problems.error(key, 'must be one of 1, 1.1, 1.2, 1.3');
  return '1.2';
}

export function readOutbound(reader: Reader): OutboundConfig {
  const blocked = reader.strings('ip_range_blocklist', reader.strings('ip_range_blacklist', PRIVATE_IP_RANGES));
  return {
    ipRangeBlocklist: [...blocked, ...reader.strings('federation_ip_range_blacklist'), ...ALWAYS_BLOCKED],
    ipRangeAllowlist: reader.strings('ip_range_allowlist', reader.strings('ip_range_whitelist')),
    httpProxy: reader.optionalString('http_proxy'),
    httpsProxy: reader.optionalString('https_proxy'),
    noProxyHosts: reader.optionalStrings('no_proxy_hosts'),
  };
}
