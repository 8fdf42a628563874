import { RATE_LIMIT_DEFAULTS } from '#platform/config/index.ts';
import { type ConfigKey, configKeys } from './config-keys.ts';
import { code, GENERATED, table } from './markdown.ts';

/** `docs/generated/config.md`: every key of `homeserver.yaml` that is read. */
export function configPage(): string {
  const keys = configKeys();
  const sections = [...new Set(keys.map(({ section }) => section))].sort();
  return `# Configuration

${GENERATED}

The keys of \`homeserver.yaml\` that have a meaning here. Names and shapes are Synapse's where Synapse has the key; other keys
of Synapse's give a warning at start, unknown ones an error. \`[]\` stands for each item of a list. Durations are written as
\`500ms\`, \`30s\`, \`5m\`, \`24h\`, \`7d\`, \`2w\`, \`1y\` or milliseconds, sizes as \`512K\`, \`50M\`, \`2G\` or bytes. An environment variable
\`MYELIN_<KEY>\` wins over the file. Defaults stand as the source has them.

${sections.map((section) => pageSection(section, keys)).join('\n\n')}

## rate limits

A bucket of \`burst_count\` requests at once, refilled by \`per_second\`.

${table(
  ['key', 'per_second', 'burst_count'],
  Object.entries(RATE_LIMIT_DEFAULTS).map(([name, { perSecond, burstCount }]) => [
    code(name),
    String(perSecond),
    String(burstCount),
  ]),
)}
`;
}

function pageSection(section: string, keys: readonly ConfigKey[]): string {
  const rows = keys
    .filter((key) => key.section === section)
    .map(({ path, type, fallback }) => [
      code(path),
      typeText(type),
      fallback === undefined ? '' : code(oneLine(fallback)),
    ]);
  return `## ${section.replaceAll('-', ' ')}\n\n${table(['key', 'value', 'default'], rows)}`;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');
const typeText = (type: string): string =>
  type.startsWith('one of ') ? `one of ${code(oneLine(type.slice(7)))}` : type;
