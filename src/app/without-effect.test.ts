import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { loadConfig } from '#platform/config/index.ts';
import type { JsonValue } from '#protocol/json.ts';
import { WITHOUT_EFFECT, warnWithoutEffect } from './without-effect.ts';

const ROOT = join(import.meta.dir, '../..');

/** A value for each key that is not its default. */
const VALUES: Readonly<Record<string, JsonValue>> = {
  account_threepid_delegates: { msisdn: 'https://id.example' },
  allow_device_name_lookup_over_federation: true,
  allow_profile_lookup_over_federation: false,
  allow_public_rooms_over_federation: true,
  allowed_local_3pids: [{ medium: 'email', pattern: '.*' }],
  app_service_config_files: ['irc.yaml'],
  auto_join_rooms: ['#all:localhost'],
  bcrypt_rounds: 14,
  dummy_events_threshold: 5,
  email: { smtp_host: 'mail.example' },
  enable_3pid_lookup: false,
  enable_ephemeral_messages: true,
  enable_media_repo: false,
  exclude_rooms_from_sync: ['!a:localhost'],
  federation: { client_timeout: '10s' },
  federation_certificate_verification_whitelist: ['*.onion'],
  federation_client_minimum_tls_version: '1.3',
  federation_custom_ca_list: ['ca.pem'],
  federation_domain_whitelist: ['example.org'],
  federation_metrics_domains: ['example.org'],
  federation_rr_transactions_per_room_per_second: 10,
  federation_verify_certificates: false,
  federation_whitelist_endpoint_enabled: true,
  filter_timeline_limit: 50,
  forgotten_room_retention_period: '7d',
  hs_disabled: true,
  http_proxy: 'http://proxy.example:3128',
  https_proxy: 'http://proxy.example:3128',
  ip_range_allowlist: ['10.0.0.1/32'],
  ip_range_blocklist: ['10.0.0.0/8'],
  key_refresh_interval: '2d',
  key_server_signing_keys_path: 'notary.key',
  limit_remote_rooms: { enabled: true },
  limit_usage_by_mau: true,
  matrix_rtc: { transports: [{ type: 'livekit' }] },
  max_event_delay_duration: '24h',
  old_signing_keys: { 'ed25519:old': { key: 'abc', expired_ts: 1 } },
  prevent_media_downloads_from: ['example.org'],
  push: { include_content: false },
  rc_federation: { concurrent: 9 },
  redaction_retention_period: '1d',
  remote_media_download_burst_count: '1M',
  remote_media_download_per_second: '1K',
  report_stats: true,
  retention: { enabled: true },
  server_notices: { room_name: 'Notices' },
  stats: { enabled: false },
  trusted_key_servers: [],
  url_preview_enabled: true,
  user_agent_suffix: 'ours',
};

test('the defaults, and the file that init writes, are warned of in nothing', () => {
  expect(warnWithoutEffect(loadConfig())).toEqual([]);
});

test.each(Object.keys(WITHOUT_EFFECT))('%s is warned of when it is set', (key) => {
  const config = loadConfig({ overrides: { [key]: VALUES[key] ?? null } });
  expect(config.warnings).toEqual([]);
  expect(warnWithoutEffect(config)).toEqual([`${key}: is accepted and has no effect yet`]);
});

test('a way to register that nobody can go is warned of', () => {
  const overrides = { enable_registration: true, registrations_require_3pid: ['email'] };
  expect(warnWithoutEffect(loadConfig({ overrides }))[0]).toContain('nobody can register');
});

test('docs/configure.md lists the same keys', async () => {
  const text = await Bun.file(join(ROOT, 'docs/configure.md')).text();
  const [, section = ''] = text.split('## Accepted, without effect yet\n');
  const listed = [...(section.split('\n## ')[0] ?? '').matchAll(/`([a-z0-9_]+)`/g)].map(([, key]) => key);
  expect(listed.toSorted()).toEqual(Object.keys(WITHOUT_EFFECT).toSorted());
});

/** Names that other things have too, and what a slice is given but cannot act on before there is federation. */
const NOT_TELLING = new Set(
  'enabled federation email concurrent roomName length configFiles burstCount perSecond urlPreview remoteDownload preventDownloadsFrom maxEventDelayMs'.split(
    ' ',
  ),
);

test('what is listed is used nowhere', async () => {
  const sources: [string, string][] = [];
  for await (const path of new Bun.Glob('src/**/*.ts').scan({ cwd: ROOT })) {
    if (path.startsWith('src/platform/config/') || /\.test\.ts$|without-effect/.test(path)) continue;
    sources.push([path, await Bun.file(join(ROOT, path)).text()]);
  }
  const used = Object.entries(WITHOUT_EFFECT).flatMap(([key, read]) => {
    const names = [...read.toString().matchAll(/\.(\w+)/g)].map(([, name]) => name ?? '');
    const words = names.filter((name) => !NOT_TELLING.has(name)).map((name) => new RegExp(`\\b${name}\\b`));
    return sources.filter(([, text]) => words.some((word) => word.test(text))).map(([path]) => `${key}: ${path}`);
  });
  expect(used).toEqual([]);
});
