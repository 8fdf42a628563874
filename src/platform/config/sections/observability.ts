import type { Reader } from '../reader.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogConfig {
  readonly level: LogLevel;
  /** `auto`: text on a terminal, JSON otherwise. */
  readonly format: 'auto' | 'json' | 'text';
  /** Levels of single parts (`http`, `federation`, ...) that differ from `level`. */
  readonly levels: Readonly<Record<string, LogLevel>>;
}

export interface MetricsConfig {
  /** Whether `/_synapse/metrics` answers. */
  readonly enabled: boolean;
}

export interface CacheConfig {
  /** What all caches together may hold, estimated. */
  readonly budgetBytes: number;
}

const DEFAULT_CACHE_BYTES = 256 * 1024 ** 2;

export function readLog(reader: Reader): LogConfig {
  const log = reader.section('log');
  const levels = log.section('levels');
  return {
    level: log.choice('level', LOG_LEVELS, 'info'),
    format: log.choice('format', ['auto', 'json', 'text'], 'auto'),
    levels: Object.fromEntries(
      Object.keys(levels.values).map((part) => [part, levels.choice<LogLevel>(part, LOG_LEVELS, 'info')]),
    ),
  };
}

export function readMetrics(reader: Reader): MetricsConfig {
  return { enabled: reader.boolean('enable_metrics', false) };
}

export function readCaches(reader: Reader): CacheConfig {
  const budget = reader.optionalSize('cache_budget');
  const autotuning = reader.section('caches').section('cache_autotuning');
  const synapseMaximum = autotuning.optionalSize('max_cache_memory_usage');
  return { budgetBytes: budget ?? synapseMaximum ?? DEFAULT_CACHE_BYTES };
}
