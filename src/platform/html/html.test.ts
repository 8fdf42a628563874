import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { html, pageResponse } from './index.ts';

test('texts are escaped, markup is not, and nothing is left of what is undefined', () => {
  const list = ['<b>', '"&\''].map((text) => html`<li>${text}</li>`);
  expect(html`<ul title="${'"x"'}">${list}</ul>${undefined}${1}`.text).toBe(
    '<ul title="&quot;x&quot;"><li>&lt;b&gt;</li>\n<li>&quot;&amp;&#39;</li></ul>1',
  );
});

test('a backslash in the markup stays what it was', () => {
  expect(html`a\\b${'\\'}`.text).toBe('a\\b\\');
});

test('a page names the hashes of its own style and script, and nobody may frame it', async () => {
  const page = pageResponse(400, { title: 'A & B', content: html`<p>x</p>`, script: 'done()' }, { 'retry-after': '3' });
  const policy = page.headers.get('content-security-policy') ?? '';
  const text = await page.text();
  const style = /<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? '';
  const hash = (part: string) => createHash('sha256').update(part).digest('base64');
  expect([page.status, page.headers.get('retry-after')]).toEqual([400, '3']);
  expect(text).toContain('<title>A &amp; B</title>');
  expect(text).toContain('<script>done()</script>');
  expect(policy).toBe(
    `default-src 'none'; script-src 'sha256-${hash('done()')}'; connect-src 'self'; style-src 'sha256-${hash(style)}'; ` +
      "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
});

test('without a script none may run', () => {
  const page = pageResponse(200, { title: 'x', content: html`y` });
  expect(page.headers.get('content-security-policy')).not.toContain('script-src');
});
