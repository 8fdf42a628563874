import { systemRandom } from '#platform/random/index.ts';
import { formatSigningKeyFile } from '#protocol/signing/index.ts';
import { newSigningKey, writeSigningKeys } from '../signing-key.ts';
import { type Command, CommandFailed } from './command.ts';

export const keysGenerate: Command = {
  name: 'keys generate',
  summary: "Makes a signing key in Synapse's file format.",
  usage: '[--output FILE]',
  options: { output: { type: 'string', short: 'o' } },
  optionHelp: [['-o, --output FILE', 'write it there (never over an existing file) instead of printing it']],
  examples: ['myelin keys generate --output data/example.org.signing.key'],
  async run({ values, print }) {
    const key = newSigningKey(systemRandom);
    if (values.output === undefined) {
      print(formatSigningKeyFile([key]).trimEnd());
      return 0;
    }
    try {
      writeSigningKeys(values.output as string, [key]);
    } catch (error) {
      if ((error as { code?: string }).code === 'EEXIST')
        throw new CommandFailed(`${values.output} exists already; it is left as it is`);
      throw error;
    }
    print(`wrote ${values.output} (key ${key.keyId})`);
    return 0;
  },
};
