import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { systemClock } from '#platform/clock/index.ts';
import { type Config, ConfigError } from '#platform/config/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import { openStorage } from '#platform/storage/index.ts';
import { lowestCompatible, migrations } from '../../../migrations/index.ts';
import { askRunningServer } from '../operations.ts';
import { loadSigningKey } from '../signing-key.ts';
import { storageConfig } from '../storage-config.ts';
import type { Command } from './command.ts';
import { CONFIG_HELP, CONFIG_OPTIONS, readConfig } from './settings.ts';

interface Finding {
  readonly what: string;
  readonly level: 'ok' | 'note' | 'fault';
  readonly detail: string;
}

export const doctor: Command = {
  name: 'doctor',
  summary: 'Checks configuration, keys, database, ports, well-known and clock, and says what to do.',
  usage: '[--config FILE]',
  options: CONFIG_OPTIONS,
  optionHelp: CONFIG_HELP,
  examples: ['myelin doctor --config data/homeserver.yaml'],
  async run(input) {
    const findings = await examine(input);
    const marks = { ok: 'ok   ', note: 'note ', fault: 'FAULT' };
    for (const { what, level, detail } of findings) input.print(`${marks[level]}  ${what}: ${detail}`);
    const faults = findings.filter(({ level }) => level === 'fault').length;
    input.print(faults === 0 ? 'nothing stands in the way' : `${faults} to mend`);
    return faults === 0 ? 0 : 1;
  },
};

async function examine(input: Parameters<Command['run']>[0]): Promise<Finding[]> {
  let config: Config;
  try {
    config = readConfig(input);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [{ what: 'configuration', level: 'fault', detail: error.message }];
  }
  const running = (await askRunningServer(config.server.dataDir, 'ping', {}).catch(() => undefined)) !== undefined;
  return [
    { what: 'configuration', level: 'ok', detail: `read, for ${config.server.serverName}` },
    ...config.warnings.map((detail): Finding => ({ what: 'configuration', level: 'note', detail })),
    await attempt('signing key', () => checkKey(config)),
    await attempt('data folder', () => checkFolder(config)),
    await attempt('database', () => checkDatabase(config, running)),
    ...(await checkPorts(config, running)),
    checkClock(),
    await attempt('well-known', () => checkWellKnown(config), 'note'),
  ];
}

async function attempt(what: string, check: () => Promise<string> | string, level: 'fault' | 'note' = 'fault'): Promise<Finding> {
  try {
    return { what, level: 'ok', detail: await check() };
  } catch (error) {
    return { what, level, detail: (error as Error).message };
  }
}

function checkKey({ keys }: Config): string {
  if (!existsSync(keys.signingKeyPath)) return `${keys.signingKeyPath} will be made at the first start`;
  const key = loadSigningKey(keys.signingKeyPath, systemRandom);
  if ((statSync(keys.signingKeyPath).mode & 0o077) !== 0) {
    throw new Error(`others can read ${keys.signingKeyPath}: chmod 600 it`);
  }
  return `${key.keyId} in ${keys.signingKeyPath}`;
}

function checkFolder({ server }: Config): string {
  if (!existsSync(server.dataDir)) return `${server.dataDir} will be made at the first start`;
  accessSync(server.dataDir, constants.W_OK);
  return server.dataDir;
}

async function checkDatabase({ database }: Config, running: boolean): Promise<string> {
  if (database.engine === 'sqlite' && running) return 'in use by the running server';
  if (database.engine === 'sqlite' && !existsSync(database.path)) return `${database.path} will be made at the first start`;
  await using storage = await openStorage(storageConfig(database), { migrations, lowestCompatible, clock: systemClock });
  return `${database.engine}, ${Math.ceil((await storage.sizeBytes()) / 1024)} KiB, schema current`;
}

async function checkPorts({ listeners }: Config, running: boolean): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { address } of listeners) {
    if ('unixSocket' in address) continue;
    for (const host of address.bindAddresses) {
      const what = `port ${address.port} on ${host}`;
      const fault = await tryPort(host, address.port);
      if (fault === undefined) findings.push({ what, level: 'ok', detail: 'free' });
      else if (fault === 'EADDRINUSE' && running) findings.push({ what, level: 'ok', detail: 'the running server has it' });
      else if (fault === 'EADDRINUSE') findings.push({ what, level: 'fault', detail: 'another program has it: stop that, or change the port' });
      else findings.push({ what, level: 'note', detail: `this machine has no such address (${fault})` });
    }
  }
  return findings;
}

function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: { code?: string }) => resolve(error.code ?? 'error'));
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
}

function checkClock(): Finding {
  const now = new Date(systemClock.now());
  const level = now.getUTCFullYear() < 2025 ? 'fault' : 'ok';
  return { what: 'clock', level, detail: level === 'ok' ? now.toISOString() : `it says ${now.toISOString()}: set it, or other servers refuse yours` };
}

/** What other people's clients and servers are told about this one. */
async function checkWellKnown({ server }: Config): Promise<string> {
  if (server.serverName === 'localhost' || /^127\.|^\[?::1/.test(server.serverName)) return 'not needed for localhost';
  const url = `https://${server.serverName}/.well-known/matrix/client`;
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch((error: Error) => error);
  if (response instanceof Error) throw new Error(`${url} does not answer (${response.message}): clients then need the server's URL`);
  const found = (await response.json().catch(() => ({}))) as { 'm.homeserver'?: { base_url?: string } };
  const base = found['m.homeserver']?.base_url;
  if (base === undefined) throw new Error(`${url} names no server: serve { "m.homeserver": { "base_url": "${server.publicBaseurl}" } } there`);
  if (base.replace(/\/$/, '') !== server.publicBaseurl.replace(/\/$/, '')) throw new Error(`${url} leads to ${base}, but public_baseurl is ${server.publicBaseurl}`);
  return `${url} leads here`;
}
