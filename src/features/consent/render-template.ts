import { escapeHtml } from '#platform/html/index.ts';

/** What a template knows. Values are escaped where they are shown. */
export type TemplateValues = Readonly<Record<string, string | boolean>>;

/** A template with something in it that is not understood. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const TAG = /(\{%[\s\S]*?%\}|\{\{[\s\S]*?\}\}|\{#[\s\S]*?#\})/;
const CONDITION = /^if\s+(not\s+)?(\w+)$/;
const VARIABLE = /^(\w+)(\s*\|\s*(e|escape))?$/;

/**
 * Fills in a template of Synapse's for policies. Of its template language, Jinja, policies use variables, comments and
 * `if`, `not`, `else`; anything else is a `TemplateError`.
 */
export function renderTemplate(template: string, values: TemplateValues): string {
  /** The conditions that enclose what is being read, and whether each holds. */
  const open: boolean[] = [];
  let text = '';
  for (const part of template.split(TAG)) {
    if (part.startsWith('{#')) continue;
    if (part.startsWith('{%')) enter(part.slice(2, -2).replace(/^-|-$/g, '').trim(), open, values);
    else if (open.every(Boolean)) text += part.startsWith('{{') ? show(part.slice(2, -2).trim(), values) : part;
  }
  if (open.length > 0) throw new TemplateError('an if has no endif');
  return text;
}

function enter(tag: string, open: boolean[], values: TemplateValues): void {
  const condition = CONDITION.exec(tag);
  if (condition !== null) {
    const holds = Boolean(values[condition[2]!]);
    open.push(condition[1] === undefined ? holds : !holds);
  } else if (tag === 'else' && open.length > 0) open.push(!open.pop());
  else if (tag === 'endif' && open.length > 0) open.pop();
  else throw new TemplateError(`{% ${tag} %} is not understood`);
}

function show(expression: string, values: TemplateValues): string {
  const name = VARIABLE.exec(expression)?.[1];
  if (name === undefined) throw new TemplateError(`{{ ${expression} }} is not understood`);
  return escapeHtml(String(values[name] ?? ''));
}
