import type { Engine, EngineHooks } from '../engine.ts';
export interface PostgresConfig {
  readonly engine: 'postgres';
  readonly url?: string;
}
export function openPostgresEngine(_config: PostgresConfig, _hooks: EngineHooks): Promise<Engine> {
  throw new Error('later');
}
