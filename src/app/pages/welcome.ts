import type { Config } from '#platform/config/index.ts';
import { escapeHtml } from '#platform/html/index.ts';
import { VERSION } from '../version.ts';
import { WELCOME_STYLE } from './welcome-style.ts';

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
  const serverName = escapeHtml(config.server.serverName);
  const address = escapeHtml(addressOf(config.server.publicBaseurl, host));
  const steps = healthy ? nextSteps(address, isFirst, config.registration.enabled) : stepsWhenIll();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${serverName} · Myelin</title>
<link rel="icon" href="${ICON}">
<style>${WELCOME_STYLE}</style>
</head>
<body>
<main>
  <header>
    <svg class="mark" viewBox="0 0 64 64" aria-hidden="true">${RINGS}</svg>
    <div>
      <h1>${serverName}</h1>
      <p class="lead">A Matrix homeserver, running Myelin ${escapeHtml(VERSION)}</p>
    </div>
  </header>
  ${
    healthy
      ? '<p class="health well"><span class="dot"></span>It is healthy: it answers, and its database is open.</p>'
      : '<p class="health ill" role="alert"><span class="dot"></span>It is not well: its database does not answer.</p>'
  }
  <h2>${healthy && isFirst ? 'It runs. What to do next' : 'What to do next'}</h2>
  <ol class="steps">
${steps.map((step) => `    <li>${step}</li>`).join('\n')}
  </ol>
  <h2>For its administrator</h2>
  <ul>
    <li>${command('bin/myelin doctor')} checks configuration, database, keys, ports and well-known, and says what to do.</li>
    <li>${command('bin/myelin --help')} lists the other commands.</li>
    <li><a href="/health">/health</a> is for monitors, <a href="/_matrix/client/versions">/_matrix/client/versions</a> what clients ask first.</li>
  </ul>
</main>
</body>
</html>
`;
}

function nextSteps(address: string, isFirst: boolean, registration: boolean): string[] {
  return [
    ...(isFirst
      ? [
          `Make the first account, an administrator. In a terminal on this machine, in the server’s folder: ${MAKE_ACCOUNT}`,
        ]
      : []),
    'Take a Matrix client, such as <a href="https://element.io/download" rel="noreferrer">Element</a> or ' +
      '<a href="https://matrix.org/ecosystem/clients/" rel="noreferrer">another</a>.',
    `Where it asks for the homeserver, give it <pre>${address}</pre>`,
    logIn(isFirst, registration),
  ];
}

function logIn(isFirst: boolean, registration: boolean): string {
  if (isFirst) return 'Log in with the name and password of the first step.';
  return registration ? 'Log in, or create an account there.' : 'Log in. Accounts are made by the administrator.';
}

const stepsWhenIll = (): string[] => [
  'If you only use this server, come back in a while: whoever looks after it will have to help.',
  `If it is yours, read its log, then run <pre>bin/myelin doctor</pre>`,
];

const command = (text: string): string => `<code>${text}</code>`;
const MAKE_ACCOUNT = '<pre>bin/myelin user create --admin YOUR_NAME</pre>';

/**
 * What to type into a client. A public address that somebody configured holds wherever the page is looked at; one that is
 * of this machine only does not for who came here by another name.
 */
function addressOf(publicBaseurl: string, host: string | null): string {
  const { protocol, hostname } = new URL(publicBaseurl);
  return hostname === 'localhost' && host !== null ? `${protocol}//${host}/` : publicBaseurl;
}

const RINGS = '<circle cx="32" cy="32" r="28"/><circle cx="32" cy="32" r="19"/><circle cx="32" cy="32" r="9"/>';
const ICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" fill="none" stroke="#0b7a75" stroke-width="5">${RINGS}</svg>`,
)}`;
