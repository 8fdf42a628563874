import type { Command } from './command.ts';
import { CONFIG_HELP, CONFIG_OPTIONS } from './settings.ts';

const MARKS = { ok: 'ok   ', note: 'note ', fault: 'FAULT' };

export const doctor: Command = {
  name: 'doctor',
  summary: 'Checks configuration, keys, database, ports, well-known and clock, and says what to do. Changes nothing.',
  usage: '[--config FILE]',
  options: CONFIG_OPTIONS,
  optionHelp: CONFIG_HELP,
  examples: ['myelin doctor', 'myelin doctor --config /etc/myelin/homeserver.yaml'],
  async run(input) {
    const { examine } = await import('./doctor/examine.ts');
    const findings = await examine(input);
    for (const { what, level, detail } of findings) input.print(`${MARKS[level]}  ${what}: ${detail}`);
    const faults = findings.filter(({ level }) => level === 'fault').length;
    input.print(faults === 0 ? 'nothing stands in the way' : `${faults} to mend`);
    return faults === 0 ? 0 : 1;
  },
};
