import { systemClock } from '#platform/clock/index.ts';
import { openStorage } from '#platform/storage/index.ts';
import { lowestCompatible, migrations } from '../../../migrations/index.ts';
import { storageConfig } from '../storage-config.ts';
import type { Command } from './command.ts';
import { CONFIG_HELP, CONFIG_OPTIONS, readConfig } from './settings.ts';

export const dbMigrate: Command = {
  name: 'db migrate',
  summary: 'Brings the database\'s schema up to date. The server does so at its start; this does it without serving.',
  usage: '[--config FILE]',
  options: CONFIG_OPTIONS,
  optionHelp: CONFIG_HELP,
  examples: ['myelin db migrate --config /etc/myelin/homeserver.yaml'],
  async run(input) {
    await using storage = await openStorage(storageConfig(readConfig(input).database), { migrations, lowestCompatible, clock: systemClock });
    input.print(`the schema has all ${migrations.length} steps (${Math.ceil((await storage.sizeBytes()) / 1024)} KiB)`);
    return 0;
  },
};
