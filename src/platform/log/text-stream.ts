import { isJsonObject, type JsonValue } from '#protocol/json.ts';

const COLOURS: Readonly<Record<string, number>> = { trace: 90, debug: 90, info: 32, warn: 33, error: 31, fatal: 35 };

/** Turns JSON log lines into `12:34:56.789 info  http.request method=GET status=200`, stacks on lines of their own. */
export function textStream(sink: { write(line: string): void }, colours: boolean): { write(line: string): void } {
  return { write: (line) => sink.write(formatLine(line, colours)) };
}

function formatLine(line: string, colours: boolean): string {
  const record: unknown = JSON.parse(line);
  if (!isJsonObject(record)) return line;
  const { time, level, event, err, ...fields } = record;
  const name = String(level);
  const paint = (text: string, code: number): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const parts = Object.entries(fields).map(([key, value]) => `${paint(`${key}=`, 90)}${formatValue(value)}`);
  const clock = String(time).slice(11, 23);
  const head = `${paint(clock, 90)} ${paint(name.padEnd(5), COLOURS[name] ?? 0)} ${String(event)}`;
  return `${[head, ...parts].join(' ')}\n${formatError(err)}`;
}

function formatValue(value: JsonValue | undefined): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? '';
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

function formatError(err: JsonValue | undefined): string {
  if (!isJsonObject(err)) return err === undefined ? '' : `    ${JSON.stringify(err)}\n`;
  const text = typeof err.stack === 'string' ? err.stack : `${String(err.type)}: ${String(err.message)}`;
  return `${text.replace(/^/gm, '    ')}\n`;
}
