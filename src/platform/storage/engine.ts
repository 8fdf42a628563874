import type { GroupWriter } from './group-commit.ts';
import type { Reader } from './ports.ts';

/** What a database engine gives; all else is shared. */
export interface Engine {
  readonly reader: Reader;
  readonly writer: GroupWriter;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

export interface EngineHooks {
  /** The engine can write no more: all commits fail from now on. */
  onBroken(error: Error): void;
  warn(event: string, fields: Readonly<Record<string, unknown>>): void;
}
