import { systemClock } from '#platform/clock/index.ts';
import type { Command } from './command.ts';
import { CONFIG_HELP, CONFIG_OPTIONS, readExistingConfig } from './settings.ts';

export const dbMigrate: Command = {
  name: 'db migrate',
  summary: 'Brings the schema of a stopped server’s database up to date, as its start would.',
  usage: '[--config FILE]',
  options: CONFIG_OPTIONS,
  optionHelp: CONFIG_HELP,
  examples: ['myelin db migrate', 'myelin db migrate --config /etc/myelin/homeserver.yaml'],
  async run(input) {
    const config = readExistingConfig(input);
    const [{ openDatabase }, { migrations }] = await Promise.all([
      import('../open-database.ts'),
      import('../../../migrations/index.ts'),
    ]);
    await using storage = await openDatabase(config.database, { clock: systemClock });
    const size = Math.ceil((await storage.sizeBytes()) / 1024);
    input.print(`the schema has all ${migrations.length} steps (${size} KiB)`);
    return 0;
  },
};
