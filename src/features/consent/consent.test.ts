import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVER_NAME, testAccounts } from '#accounts/test-accounts.ts';
import type { Storage } from '#platform/storage/index.ts';
import { forEachEngine } from '#test/storage.ts';
import { consentFeature } from './index.ts';
import { renderTemplate } from './render-template.ts';

const folder = mkdtempSync(join(tmpdir(), 'myelin-consent-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'en'));
writeFileSync(
  join(folder, 'en', '2.0.html'),
  `<html>{# not shown #}{% if has_consented %}agreed{% else %}asked{% if not public_version %}
<form method="post" action="consent"><input name="v" value="{{version}}"><input name="u" value="{{ user }}">
<input name="h" value="{{ userhmac | e }}"></form>{% endif %}{%- endif -%}</html>`,
);
writeFileSync(join(folder, 'en', '1.0.html'), 'what held before');
writeFileSync(join(folder, 'en', 'strange.html'), '{% include "other.html" %}');
writeFileSync(join(folder, 'secret.html'), 'not to be read');

function setUp(storage: Storage) {
  const world = testAccounts(storage, {
    form_secret: 'sign',
    user_consent: { version: '2.0', template_dir: folder, policy_name: 'Rules & Privacy' },
  });
  const warnings: string[] = [];
  const { pages, links } = consentFeature({
    accounts: world.accounts,
    log: { warn: (event) => void warnings.push(event) },
    config: { ...world.config.server, consent: world.config.consent },
  });
  const client = world.client([], pages);
  const linkOf = (localpart: string) => {
    const link = new URL(links!.linkOf(localpart));
    return { path: `${link.pathname}${link.search}`, fields: Object.fromEntries(link.searchParams) };
  };
  const agree = (fields: Record<string, string>) =>
    client('POST', '/_matrix/consent', { body: new URLSearchParams(fields).toString() });
  return { ...world, client, linkOf, agree, warnings };
}

forEachEngine('consent', (engine) => {
  test('anybody can read the policy, today’s or that of a version', async () => {
    const { client } = setUp(await engine.open());
    const today = await client('GET', '/_matrix/consent');
    expect([today.status, today.body]).toEqual([200, '<html>asked</html>']);
    expect(today.headers.get('content-security-policy')).toStartWith("default-src 'none'");
    expect((await client('GET', '/_matrix/consent?v=1.0')).body).toBe('what held before');
  });

  test('a user agrees by a signed link', async () => {
    const { client, linkOf, agree, user, accounts } = setUp(await engine.open());
    const { userId } = await user('alice');
    const { path, fields } = linkOf('alice');
    expect((await client('GET', path)).body).toContain('<input name="u" value="alice">');
    const done = await agree({ ...fields, v: '2.0' });
    expect([done.status, done.body.includes('Rules &amp; Privacy')]).toEqual([200, true]);
    expect((await accounts.users.find(userId))?.consentVersion).toBe('2.0');
    expect((await client('GET', path)).body).toBe('<html>agreed</html>');
  });

  test('a link that is not signed, or of nobody, is refused', async () => {
    const { client, linkOf, agree, user, accounts } = setUp(await engine.open());
    const { userId } = await user('alice');
    const { h } = linkOf('bob').fields;
    for (const fields of [{ u: 'alice', h: h! }, { u: 'alice' }, { u: 'bob', h: h! }, { u: 'a\u00e9:b', h: h! }]) {
      const query = new URLSearchParams(fields as Record<string, string>);
      expect((await client('GET', `/_matrix/consent?${query}`)).status).toBe(403);
      expect((await agree({ ...(fields as Record<string, string>), v: '2.0' })).status).toBe(403);
    }
    expect((await agree({ v: '2.0' })).status).toBe(400);
    expect((await agree({ ...linkOf('alice').fields, v: '1.0' })).status).toBe(400);
    expect((await accounts.users.find(userId))?.consentVersion).toBeUndefined();
  });

  test('no other file is read, and a template that is not understood is told to the operator', async () => {
    const { client, warnings } = setUp(await engine.open());
    for (const version of ['../secret', '..%2Fsecret', '.', '9.9', 'success', '', '%00']) {
      expect((await client('GET', `/_matrix/consent?v=${version}`)).status).toBe(404);
    }
    expect(warnings).toEqual(['consent.template_unusable']);
    expect((await client('GET', '/_matrix/consent?v=strange')).status).toBe(404);
    expect(warnings.length).toBe(2);
  });
});

test('values are escaped in a template, and what is not shown is not understood either way', () => {
  expect(renderTemplate('{{a}}{% if b %}x{% endif %}{{c}}', { a: '<&>', b: false })).toBe('&lt;&amp;&gt;');
  for (const wrong of ['{% if a %}', '{% else %}', '{% endif %}', '{{ a.b }}', '{% if a == 1 %}{% endif %}']) {
    expect(() => renderTemplate(wrong, { a: true })).toThrow('');
  }
});

test('without a policy there is no page', () => {
  const config = {
    serverName: SERVER_NAME,
    publicBaseurl: 'https://example.org/',
    formSecret: 'x',
    consent: undefined,
  };
  expect(consentFeature({ accounts: {} as never, log: { warn: () => undefined }, config })).toEqual({
    pages: [],
    links: undefined,
  });
});
