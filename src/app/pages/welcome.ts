import type { Config } from '#platform/config/index.ts';
import { VERSION } from '../version.ts';

export interface WelcomeFacts {
  readonly config: Pick<Config, 'server' | 'registration'>;
  readonly healthy: boolean;
  /** Nobody has an account yet. */
  readonly isFirst: boolean;
  /** What the browser calls this server. */
  readonly host: string | null;
}

/** The page at `/`: what this is, whether it is well, what to do next. No scripts, nothing loaded from elsewhere. */
export function renderWelcome({ config, healthy, isFirst, host }: WelcomeFacts): string {
  const { serverName, publicBaseurl } = config.server;
  const address = host === null ? publicBaseurl : `${publicBaseurl.startsWith('https') ? 'https' : 'http'}://${host}/`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(serverName)} · Myelin</title>
<style>${STYLE}</style>
</head>
<body>
<main>
  <header>
    <svg class="mark" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="28"/><circle cx="32" cy="32" r="19"/><circle cx="32" cy="32" r="9"/></svg>
    <div>
      <h1>${escapeHtml(serverName)}</h1>
      <p class="lead">This is a Matrix homeserver. It runs Myelin ${escapeHtml(VERSION)}.</p>
    </div>
  </header>
  <p class="health ${healthy ? 'well' : 'ill'}"><span class="dot"></span>${
    healthy ? 'It is healthy: the server answers and its database is open.' : 'It is not well: its database does not answer. The log says why.'
  }</p>
  ${isFirst ? firstSteps() : nextSteps(address, config.registration.enabled)}
  <h2>For its administrator</h2>
  <ul>
    <li><a href="/_matrix/client/versions">/_matrix/client/versions</a> is what clients ask first; <a href="/health">/health</a> is for monitors.</li>
    <li><code>myelin doctor</code> checks configuration, database, keys, ports and well-known, and says what to do.</li>
    <li><code>myelin --help</code> lists the other commands.</li>
  </ul>
</main>
</body>
</html>
`;
}

function firstSteps(): string {
  return `<h2>What to do next</h2>
  <ol>
    <li>Make the first account. In a terminal on this machine, in the server's folder:
      <pre>bin/myelin user create --admin YOUR_NAME</pre></li>
    <li>Log in with it: see this page again.</li>
  </ol>`;
}

function nextSteps(address: string, registration: boolean): string {
  return `<h2>What to do next</h2>
  <ol>
    <li>Take a Matrix client, such as <a href="https://matrix.org/ecosystem/clients/" rel="noreferrer">Element</a>.</li>
    <li>Where it asks for the homeserver, give it
      <pre>${escapeHtml(address)}</pre></li>
    <li>Log in${registration ? ', or create an account there' : '. Accounts are made by the administrator'}.</li>
  </ol>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --paper: #f6f7f9; --card: #fff; --line: #e2e6ec; --accent: #0b7a75; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf1; --soft: #9aa6b5; --paper: #12161c; --card: #1a2029; --line: #2b333f; --accent: #4fd1c5; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 42rem; margin: 8vh auto; padding: 2.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 16px; }
header { display: flex; gap: 1.25rem; align-items: center; }
.mark { width: 56px; height: 56px; flex: none; fill: none; stroke: var(--accent); stroke-width: 4; }
.mark circle:last-child { fill: var(--accent); stroke: none; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .5rem; font-size: 1.05rem; }
.lead { margin: .25rem 0 0; color: var(--soft); }
.health { margin: 1.75rem 0 0; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: 10px; display: flex; gap: .75rem; align-items: center; }
.dot { width: .75rem; height: .75rem; border-radius: 50%; flex: none; }
.well .dot { background: #22a06b; } .ill .dot { background: #d64545; }
ol, ul { margin: 0; padding-left: 1.25rem; } li { margin: .35rem 0; }
a { color: var(--accent); }
pre, code { font: .9rem/1.5 ui-monospace, monospace; }
pre { margin: .5rem 0; padding: .6rem .9rem; background: var(--paper); border: 1px solid var(--line); border-radius: 8px; overflow-x: auto; }
@media (max-width: 40rem) { main { margin: 0; border: 0; border-radius: 0; min-height: 100vh; padding: 1.5rem; } }
`;
