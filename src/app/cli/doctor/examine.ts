import { systemClock } from '#platform/clock/index.ts';
import { type Config, ConfigError } from '#platform/config/index.ts';
import { askRunningServer } from '../../operations.ts';
import { warnWithoutEffect } from '../../without-effect.ts';
import { type CommandInput, UsageError } from '../command.ts';
import { isConfigured, readConfig } from '../settings.ts';
import { checkClock } from './clock.ts';
import { checkDatabase } from './database.ts';
import { checkCertificate, checkFolder, checkKey } from './files.ts';
import { attempt, type Finding } from './finding.ts';
import { askWellKnown, checkListeners, checkWellKnown } from './network.ts';

/** All checks, in the order in which one would mend what they find. */
export async function examine(input: Pick<CommandInput, 'values'>): Promise<Finding[]> {
  let config: Config;
  try {
    config = readConfig(input);
  } catch (error) {
    if (error instanceof UsageError) return [{ what: 'configuration', level: 'fault', detail: error.message }];
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((detail) => ({ what: 'configuration', level: 'fault', detail }));
  }
  const { dataDir, serverName } = config.server;
  const running = await askRunningServer(dataDir, 'ping', {}).catch((error: Error) => error);
  const isRunning = running !== undefined && !(running instanceof Error);
  const wellKnown = await askWellKnown(serverName);
  const how = isConfigured(input) ? 'read' : 'none here; what the first start would write was taken';
  return [
    { what: 'configuration', level: 'ok', detail: `${how}, for ${serverName}` },
    ...[...config.warnings, ...warnWithoutEffect(config)].map(
      (detail): Finding => ({ what: 'configuration', level: 'note', detail }),
    ),
    running instanceof Error
      ? { what: 'server', level: 'fault', detail: running.message }
      : { what: 'server', level: 'ok', detail: isRunning ? 'it is running' : 'it is not running' },
    await attempt('data folder', () => checkFolder(dataDir)),
    await attempt('media folder', () => checkFolder(config.media.storePath)),
    await attempt('signing key', () => checkKey(config.keys.signingKeyPath)),
    await attempt('database', () => checkDatabase(config.database, isRunning)),
    ...(config.listeners.some(({ tls }) => tls)
      ? [
          await attempt('certificate', () =>
            checkCertificate(config.tls, new URL(config.server.publicBaseurl).hostname),
          ),
        ]
      : []),
    ...(await checkListeners(config.listeners, isRunning)),
    checkClock(
      systemClock.now(),
      wellKnown instanceof Response ? (wellKnown.headers.get('date') ?? undefined) : undefined,
    ),
    await attempt('well-known', () => checkWellKnown(config.server, wellKnown), 'note'),
  ];
}
