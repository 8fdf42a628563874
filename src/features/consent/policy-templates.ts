import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '#platform/log/index.ts';
import { renderTemplate, TemplateError, type TemplateValues } from './render-template.ts';

/** Versions name files, so they are no paths. */
const VERSION = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** The operator's templates, laid out as Synapse has them: `en/<version>.html` and `en/success.html`. */
export class PolicyTemplates {
  constructor(
    private readonly folder: string,
    private readonly log: Pick<Log, 'warn'>,
  ) {}

  /** The policy's text as a page; `undefined` where there is no such version, or it cannot be shown (which is logged). */
  async policy(version: string, values: TemplateValues): Promise<string | undefined> {
    return VERSION.test(version) && version !== 'success' ? this.#render(version, values) : undefined;
  }

  /** What is shown to who has agreed, if the operator has written something. */
  success(): Promise<string | undefined> {
    return this.#render('success', {});
  }

  async #render(name: string, values: TemplateValues): Promise<string | undefined> {
    const path = join(this.folder, 'en', `${name}.html`);
    try {
      return renderTemplate(await readFile(path, 'utf8'), values);
    } catch (error) {
      const isUnusable = error instanceof TemplateError || (error as NodeJS.ErrnoException).code !== undefined;
      if (!isUnusable) throw error;
      this.log.warn('consent.template_unusable', { path, reason: (error as Error).message });
      return undefined;
    }
  }
}
