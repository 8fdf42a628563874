import { createHash } from 'node:crypto';
import { MatrixError } from '#protocol/errors.ts';
import { Html, html } from './html.ts';
import { PAGE_STYLE } from './page-style.ts';

export interface PageContent {
  readonly title: string;
  /** What stands in `main`. */
  readonly content: Html;
  /** The page's one script, which may ask this server and no other. */
  readonly script?: string | undefined;
}

/**
 * A whole page. Its content security policy names the hashes of its style and its script: nothing else is loaded or run,
 * forms lead back to this server only, and no other page can frame it.
 */
export function pageResponse(
  status: number,
  { title, content, script }: PageContent,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(PAGE_STYLE)}</style>
</head>
<body>
<main>
${content}
</main>
${script === undefined ? undefined : html`<script>${new Html(script)}</script>`}
</body>
</html>
`;
  return new Response(page.text, {
    status,
    headers: { ...HEADERS, 'content-security-policy': policyFor(script), ...headers },
  });
}

/** What `answer` gives, or a page that tells a person what was refused. */
export async function orRefusal(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    const title = 'This did not work';
    const content = html`<h1>${title}</h1>\n<p class="ill" role="alert">${error.message}.</p>`;
    return pageResponse(error.status, { title, content }, error.headers);
  }
}

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
};

function policyFor(script: string | undefined): string {
  const running = script === undefined ? '' : `script-src ${hashOf(script)}; connect-src 'self'; `;
  return (
    `default-src 'none'; ${running}style-src ${hashOf(PAGE_STYLE)}; form-action 'self'; base-uri 'none'; ` +
    "frame-ancestors 'none'"
  );
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
