import { accessSync, constants, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { ListenAddress, ListenerConfig, ServerConfig } from '#platform/config/index.ts';
import { attempt, type Finding } from './finding.ts';

export async function checkListeners(listeners: readonly ListenerConfig[], isRunning: boolean): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { address } of listeners) {
    if ('unixSocket' in address) findings.push(await attempt('listener', () => checkSocket(address.unixSocket)));
    else for (const host of address.bindAddresses) findings.push(await checkPort(host, address, isRunning));
  }
  return findings;
}

function checkSocket(path: string): string {
  const folder = dirname(path);
  if (!existsSync(folder)) throw new Error(`${folder} is not there: make it, for ${path} to lie in`);
  accessSync(folder, constants.W_OK);
  return path;
}

type Port = Extract<ListenAddress, { readonly port: number }>;

async function checkPort(host: string, { port, bindAddresses }: Port, isRunning: boolean): Promise<Finding> {
  const what = `port ${port} on ${host}`;
  const fault = await tryPort(host, port);
  if (fault === undefined) return { what, level: 'ok', detail: 'free' };
  if (fault === 'EADDRINUSE') {
    if (isRunning) return { what, level: 'ok', detail: 'the running server has it' };
    return { what, level: 'fault', detail: 'another program has it: stop that, or change the port' };
  }
  if (fault === 'EACCES') {
    return { what, level: 'fault', detail: 'low ports are for root: take one above 1023, behind a reverse proxy' };
  }
  const detail = `this machine has no such address (${fault})`;
  const other = { '::': '0.0.0.0', '::1': '127.0.0.1' }[host];
  return { what, level: other !== undefined && bindAddresses.includes(other) ? 'note' : 'fault', detail };
}

/** The code of what keeps us from listening there. */
function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: { code?: string }) => resolve(error.code ?? 'error'));
    probe.listen({ host, port, ipv6Only: host.includes(':') }, () => probe.close(() => resolve(undefined)));
  });
}

const ANSWER_TIMEOUT_MS = 5_000;
const withoutSlash = (url: string): string => url.replace(/\/$/, '');

const urlOf = (serverName: string): string => `https://${serverName}/.well-known/matrix/client`;

/** What answers where clients look that know no more than a user's id; `undefined` for a server that is for this machine. */
export function askWellKnown(serverName: string): Promise<Response | Error | undefined> {
  if (serverName === 'localhost' || /^127\.|^\[?::1/.test(serverName)) return Promise.resolve(undefined);
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  return fetch(urlOf(serverName), { signal }).catch((error: Error) => error);
}

/** https://spec.matrix.org/v1.19/client-server-api/#well-known-uris */
export async function checkWellKnown(
  { serverName, publicBaseurl }: Pick<ServerConfig, 'serverName' | 'publicBaseurl'>,
  response: Response | Error | undefined,
): Promise<string> {
  if (response === undefined) return `not needed for ${serverName}`;
  const url = urlOf(serverName);
  const wanted = `{ "m.homeserver": { "base_url": "${publicBaseurl}" } }`;
  if (response instanceof Error) {
    throw new Error(`${url} does not answer (${response.message}): users then have to type ${publicBaseurl}`);
  }
  if (!response.ok) throw new Error(`${url} answers ${response.status}: serve ${wanted} there`);
  const found = (await response.json().catch(() => ({}))) as { 'm.homeserver'?: { base_url?: string } } | null;
  const base = found?.['m.homeserver']?.base_url;
  if (typeof base !== 'string') throw new Error(`${url} names no server: serve ${wanted} there`);
  if (withoutSlash(base) !== withoutSlash(publicBaseurl)) {
    throw new Error(`${url} leads to ${base}, but public_baseurl is ${publicBaseurl}`);
  }
  // https://spec.matrix.org/v1.19/client-server-api/#web-browser-clients
  if (response.headers.get('access-control-allow-origin') !== '*') {
    throw new Error(`${url} leads here, but not for browsers: have it answer with Access-Control-Allow-Origin: *`);
  }
  return `${url} leads here`;
}
