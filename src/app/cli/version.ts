import { VERSION } from '../version.ts';
import type { Command } from './command.ts';

export const version: Command = {
  name: 'version',
  summary: 'Prints the version.',
  usage: '',
  options: {},
  optionHelp: [],
  examples: ['myelin version'],
  async run({ print }) {
    print(`myelin ${VERSION} (Bun ${process.versions.bun ?? 'none'})`);
    return 0;
  },
};
