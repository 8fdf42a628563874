/**
 * Structured logs: an event name and fields, one line each, to standard output. JSON for machines, text on a terminal.
 * Fields never hold event content or tokens. Where a log line goes from there is the operator's business, not ours.
 */
import { type DestinationStream, type Logger, type LoggerOptions, pino, stdSerializers } from 'pino';
import { bufferedStdout } from './buffered-stdout.ts';
import { textStream } from './text-stream.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** What happened, besides its name. `err` holds an error, written with its stack. */
export type LogFields = Readonly<Record<string, unknown>>;

/** `event` is a fixed name such as `http.request`: what varies belongs into the fields. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** Whether lines of this level are written: to spare the making of costly fields. */
  enabled(level: LogLevel): boolean;
  /** A log whose lines all carry `fields`. */
  child(fields: LogFields): Log;
  /** The log of a part of the server (`http`, `federation`, ...), with that part's own level where one is set. */
  part(name: string): Log;
}

export interface LogOptions {
  readonly level?: LogLevel;
  /** `auto`: text on a terminal, JSON otherwise. */
  readonly format?: 'auto' | 'json' | 'text';
  /** Levels by part. */
  readonly levels?: Readonly<Record<string, LogLevel>>;
  /** Where lines go, instead of standard output. */
  readonly sink?: { write(line: string): void };
}

export function createLog({ level = 'info', format = 'auto', levels = {}, sink }: LogOptions = {}): Log {
  const asText = format === 'text' || (format === 'auto' && sink === undefined && process.stdout.isTTY === true);
  const options: LoggerOptions = {
    level,
    messageKey: 'event',
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: stdSerializers.err },
  };
  return wrap(pino(options, stream(asText, sink)), levels);
}

function stream(asText: boolean, sink: LogOptions['sink']): DestinationStream {
  const colours = sink === undefined && process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  if (asText) return textStream(sink ?? { write: (line) => process.stdout.write(line) }, colours);
  return sink ?? bufferedStdout();
}

function wrap(logger: Logger, levels: Readonly<Record<string, LogLevel>>): Log {
  return {
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
    enabled: (level) => level !== 'silent' && (logger.levels.values[level] ?? 0) >= logger.levelVal,
    child: (fields) => wrap(logger.child(fields), levels),
    part(name) {
      const level = levels[name];
      return wrap(logger.child({ part: name }, level === undefined ? {} : { level }), levels);
    },
  };
}

/** A log that writes nothing. */
export const silentLog: Log = createLog({ level: 'silent', sink: { write: () => undefined } });
