/**
 * The configuration: `homeserver.yaml` with Synapse's key names, read once at start into a frozen, typed `Config` with one
 * section a concern (`sections/`). Also the file that `init` writes. What a key means is documented where it is read.
 * Nothing here acts on the configuration, and nobody else reads files or variables for it.
 */
export { type DefaultConfigOptions, renderDefaultConfig, writeDefaultConfig } from './default-config.ts';
export { type Config, type ConfigSource, loadConfig } from './load-config.ts';
export { ConfigError } from './problems.ts';
export type { DatabaseConfig } from './sections/database.ts';
export type { ExperimentalConfig } from './sections/experimental.ts';
export type {
  AppservicesConfig,
  EmailConfig,
  LimitsConfig,
  PresenceConfig,
  PushConfig,
  TurnConfig,
  UserDirectoryConfig,
} from './sections/features.ts';
export {
  type FederationConfig,
  type KeysConfig,
  type OutboundConfig,
  PRIVATE_IP_RANGES,
  type TrustedKeyServer,
} from './sections/federation.ts';
export type { ListenAddress, ListenerConfig, ResourceName, TlsConfig } from './sections/listeners.ts';
export type { MediaConfig, ThumbnailSize, UploadLimitConfig, UrlPreviewConfig } from './sections/media.ts';
export type { CacheConfig, LogConfig, LogLevel, MetricsConfig } from './sections/observability.ts';
export {
  type FederationRateLimit,
  type LimiterName,
  RATE_LIMIT_DEFAULTS,
  type RateLimitSettings,
  type RateLimitsConfig,
} from './sections/rate-limits.ts';
export type {
  CaptchaConfig,
  ConsentConfig,
  PasswordConfig,
  PasswordPolicy,
  RegistrationConfig,
  ServerNoticesConfig,
  SessionsConfig,
} from './sections/registration.ts';
export type { DirectoryRule, RetentionConfig, RoomsConfig } from './sections/rooms.ts';
export type { ServerConfig } from './sections/server.ts';
export { parseDurationMs, parseSizeBytes } from './units.ts';
