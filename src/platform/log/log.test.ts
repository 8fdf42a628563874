import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { createLog, type LogOptions } from './index.ts';

function logged(options: LogOptions = {}) {
  const lines: string[] = [];
  return { log: createLog({ ...options, sink: { write: (line) => void lines.push(line) } }), lines };
}

test('a line is JSON with its event, level, time and fields', () => {
  const { log, lines } = logged();
  log.info('http.request', { status: 200, who: undefined });
  const record = JSON.parse(lines[0] ?? '');
  expect(record).toMatchObject({ level: 'info', event: 'http.request', status: 200 });
  expect(Number.isNaN(Date.parse(record.time))).toBe(false);
  expect(record).not.toHaveProperty('who');
  expect(lines[0]).toEndWith('\n');
});

test('an error is written with its stack and causes', () => {
  const { log, lines } = logged();
  log.error('job.failed', { err: new Error('outer', { cause: new TypeError('inner') }) });
  const { err } = JSON.parse(lines[0] ?? '');
  expect(err.message).toContain('outer');
  expect(err.stack).toContain('inner');
});

test('lines below the level are not written', () => {
  const { log, lines } = logged({ level: 'warn' });
  log.debug('a');
  log.info('b');
  log.warn('c');
  expect(lines).toHaveLength(1);
  expect([log.enabled('info'), log.enabled('error')]).toEqual([false, true]);
});

test('a part may have a level of its own', () => {
  const { log, lines } = logged({ level: 'warn', levels: { federation: 'debug' } });
  log.part('http').info('a');
  log.part('federation').debug('b');
  log.child({ x: 1 }).part('federation').child({ y: 2 }).debug('c');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { event: 'b', part: 'federation' },
    { event: 'c', part: 'federation', x: 1, y: 2 },
  ]);
});

test('on a terminal a line is text', () => {
  const { log, lines } = logged({ format: 'text' });
  log.child({ request: 'r1' }).warn('http.slow', { ms: 5, path: '/a b', list: [1], none: undefined });
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} warn {2}http\.slow request=r1 ms=5 path="\/a b" list=\[1\]\n$/);
});

test('as text, a stack stands on lines of its own', () => {
  const { log, lines } = logged({ format: 'text' });
  log.error('job.failed', { err: new Error('broken') });
  expect(lines.join('')).toMatch(/job\.failed\n {4}Error: broken\n {8}at /);
});

test('text cannot forge a line of its own', () => {
  for (const format of ['json', 'text'] as const) {
    const { log, lines } = logged({ format });
    log.info('http.request', { agent: 'x\n12:00:00.000 error forged' });
    expect(lines.join('').trimEnd().split('\n')).toHaveLength(1);
  }
});

test('lines on standard output come together, at once after an error, and all of them before the process ends', async () => {
  const script = `
    import { createLog } from ${JSON.stringify(join(import.meta.dir, 'index.ts'))};
    const log = createLog({ format: 'json' });
    for (let i = 0; i < 5000; i++) log.info('line', { i });
    if (process.argv[1] === 'exit') process.exit(0);
    log.error('broken');
    process.kill(process.pid, 'SIGKILL');`;
  for (const [argument, count] of [
    ['exit', 5000],
    ['killed', 5001],
  ] as const) {
    const run = Bun.spawnSync([process.execPath, '-e', script, argument]);
    const lines = run.stdout.toString().trimEnd().split('\n');
    expect(lines.length).toBe(count);
    for (const line of lines) JSON.parse(line);
  }
});
