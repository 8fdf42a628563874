import { ERROR_STATUS } from '#protocol/errors.ts';
import { code, GENERATED, table } from './markdown.ts';

/** `docs/generated/errors.md`: every error code the server sends, with the HTTP status it goes with. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_STATUS).sort(([a], [b]) => (a < b ? -1 : 1));
  return `# Error codes

${GENERATED}

Every error is \`{ "errcode": ..., "error": ... }\`. The status is the usual one; a few places answer another.

${table(
  ['errcode', 'status'],
  rows.map(([errcode, status]) => [code(errcode), String(status)]),
)}
`;
}
