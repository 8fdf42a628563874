import { type Config, loadConfig } from '#platform/config/index.ts';

type Read = (config: Config) => unknown;

/**
 * Keys that are read and checked but that nothing acts on yet. Whoever makes one work takes it from here and from
 * `docs/configure.md`; a test compares the two, and looks for those that are used.
 */
export const WITHOUT_EFFECT: Readonly<Record<string, Read>> = {
  account_threepid_delegates: ({ registration }) => registration.msisdnDelegate,
  allow_device_name_lookup_over_federation: ({ federation }) => federation.allowDeviceNameLookup,
  allow_profile_lookup_over_federation: ({ federation }) => federation.allowProfileLookup,
  allow_public_rooms_over_federation: ({ rooms }) => rooms.allowPublicRoomsOverFederation,
  allowed_local_3pids: ({ registration }) => registration.allowedLocal3pids,
  app_service_config_files: ({ appservices }) => appservices.configFiles,
  auto_join_rooms: ({ registration }) => registration.autoJoinRooms,
  bcrypt_rounds: ({ password }) => password.bcryptRounds,
  dummy_events_threshold: ({ rooms }) => rooms.dummyEventsThreshold,
  email: ({ email }) => email?.smtpHost,
  enable_3pid_lookup: ({ registration }) => registration.enable3pidLookup,
  enable_ephemeral_messages: ({ rooms }) => rooms.enableEphemeralMessages,
  enable_media_repo: ({ media }) => media.enabled,
  exclude_rooms_from_sync: ({ rooms }) => rooms.excludeRoomsFromSync,
  federation: ({ federation }) => [federation.clientTimeoutMs, federation.maxShortRetries, federation.maxLongRetries],
  federation_certificate_verification_whitelist: ({ federation }) => federation.certificateVerificationWhitelist,
  federation_client_minimum_tls_version: ({ federation }) => federation.clientMinimumTlsVersion,
  federation_custom_ca_list: ({ federation }) => federation.customCaPaths,
  federation_domain_whitelist: ({ federation }) => federation.domainWhitelist,
  federation_metrics_domains: ({ federation }) => federation.metricsDomains,
  federation_rr_transactions_per_room_per_second: ({ rateLimits }) =>
    rateLimits.readReceiptTransactionsPerRoomPerSecond,
  federation_verify_certificates: ({ federation }) => federation.verifyCertificates,
  federation_whitelist_endpoint_enabled: ({ federation }) => federation.whitelistEndpointEnabled,
  filter_timeline_limit: ({ rooms }) => rooms.filterTimelineLimit,
  forgotten_room_retention_period: ({ rooms }) => rooms.forgottenRoomRetentionMs,
  hs_disabled: ({ limits }) => limits.hsDisabled,
  http_proxy: ({ outbound }) => outbound.httpProxy,
  https_proxy: ({ outbound }) => outbound.httpsProxy,
  ip_range_blocklist: ({ outbound }) => outbound.ipRangeBlocklist,
  ip_range_allowlist: ({ outbound }) => outbound.ipRangeAllowlist,
  key_refresh_interval: ({ keys }) => keys.keyRefreshIntervalMs,
  key_server_signing_keys_path: ({ keys }) => keys.keyServerSigningKeysPath,
  limit_remote_rooms: ({ rooms }) => rooms.limitRemoteRooms,
  limit_usage_by_mau: ({ limits }) => limits.limitUsageByMau,
  matrix_rtc: ({ turn }) => turn.rtcTransports,
  max_event_delay_duration: ({ rooms }) => rooms.maxEventDelayMs,
  old_signing_keys: ({ keys }) => keys.oldSigningKeys,
  prevent_media_downloads_from: ({ media }) => media.preventDownloadsFrom,
  push: ({ push }) => [push.enabled, push.includeContent, push.groupUnreadCountByRoom, push.jitterDelayMs],
  rc_federation: ({ rateLimits }) => rateLimits.federation.concurrent,
  redaction_retention_period: ({ rooms }) => rooms.redactionRetentionMs,
  remote_media_download_burst_count: ({ media }) => media.remoteDownload.burstCount,
  remote_media_download_per_second: ({ media }) => media.remoteDownload.perSecond,
  report_stats: ({ server }) => server.reportStats,
  retention: ({ retention }) => retention.purgeJobs.length > 0 && retention.enabled,
  server_notices: ({ serverNotices }) => serverNotices?.roomName,
  stats: ({ rooms }) => rooms.statsEnabled,
  trusted_key_servers: ({ keys }) => keys.trustedKeyServers,
  url_preview_enabled: ({ media }) => media.urlPreview.maxSpiderSizeBytes > 0 && media.urlPreview.enabled,
  user_agent_suffix: ({ server }) => server.userAgentSuffix,
};

/** What to tell an operator whose configuration asks for what is not there yet. */
export function warnWithoutEffect(config: Config): string[] {
  const { serverName } = config.server;
  const plain = loadConfig({ overrides: { server_name: serverName } });
  const differs = (read: Read): boolean => JSON.stringify(read(config)) !== JSON.stringify(read(plain));
  const { requires3pid, captcha } = config.registration;
  return [
    ...Object.keys(WITHOUT_EFFECT)
      .filter((key) => differs(WITHOUT_EFFECT[key]!))
      .map((key) => `${key}: is accepted and has no effect yet`),
    ...(requires3pid.length > 0
      ? ['registrations_require_3pid: no address can be verified yet: nobody can register']
      : []),
    ...(captcha.enabled ? ['enable_registration_captcha: no captcha can be verified yet: nobody can register'] : []),
    ...(config.consent?.blockEventsError === undefined && config.consent?.serverNoticeContent === undefined
      ? []
      : ['user_consent: users who registered before are not asked yet']),
  ];
}
