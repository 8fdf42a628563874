import { expect, test } from 'bun:test';
import type { ServerName } from '#protocol/identifiers/index.ts';
import { attempt } from './finding.ts';
import { checkWellKnown } from './network.ts';

const server = { serverName: 'example.org' as ServerName, publicBaseurl: 'https://matrix.example.org/' };
const browsers = { 'access-control-allow-origin': '*' };
const answer = (body: unknown, init: ResponseInit = { headers: browsers }): Response =>
  new Response(JSON.stringify(body), init);
const verdict = async (response: Response | Error | undefined): Promise<string> => {
  const { level, detail } = await attempt('well-known', () => checkWellKnown(server, response), 'note');
  return `${level} ${detail}`;
};
const here = { 'm.homeserver': { base_url: 'https://matrix.example.org' } };

test('a well-known that leads here, for browsers too, is well', async () => {
  expect(await verdict(answer(here))).toStartWith('ok');
  expect(await verdict(undefined)).toStartWith('ok');
});

test('one that does not is worth a note that says what to do', async () => {
  expect(await verdict(new Error('refused'))).toContain('does not answer (refused)');
  expect(await verdict(answer({}, { status: 404 }))).toContain('answers 404: serve {');
  for (const body of [{}, null, [], { 'm.homeserver': {} }, { 'm.homeserver': null }]) {
    expect(await verdict(answer(body))).toMatch(/^note .*names no server: serve {/);
  }
  expect(await verdict(answer({ 'm.homeserver': { base_url: 'https://other.org' } }))).toContain(
    'leads to https://other.org',
  );
  expect(await verdict(answer(here, {}))).toContain('Access-Control-Allow-Origin');
});
