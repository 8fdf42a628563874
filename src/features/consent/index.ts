/**
 * The policy that users of this server agree to: its text, as the operator's templates have it, and the link by which a
 * user who is known already agrees. Agreeing while registering is a stage of `registration`.
 */
import type { Accounts } from '#accounts/index.ts';
import type { ConsentConfig } from '#platform/config/index.ts';
import type { Page } from '#platform/http/index.ts';
import type { Log } from '#platform/log/index.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import { ConsentLinks } from './consent-links.ts';
import { consentPages } from './pages.ts';
import { PolicyTemplates } from './policy-templates.ts';

export interface ConsentFeatureDeps {
  readonly accounts: Pick<Accounts, 'users' | 'lifecycle'>;
  readonly log: Pick<Log, 'warn'>;
  readonly config: {
    readonly serverName: ServerName;
    readonly publicBaseurl: string;
    readonly formSecret: string | undefined;
    readonly consent: ConsentConfig | undefined;
  };
}

export interface ConsentFeature {
  readonly pages: readonly Page[];
  /** For whoever asks users to agree; `undefined` where there is no policy, or no secret to sign links with. */
  readonly links: ConsentLinks | undefined;
}

export function consentFeature({ accounts, log, config }: ConsentFeatureDeps): ConsentFeature {
  const { consent, formSecret, publicBaseurl, serverName } = config;
  if (consent === undefined) return { pages: [], links: undefined };
  const links = formSecret === undefined ? undefined : new ConsentLinks(formSecret, publicBaseurl);
  const templates = new PolicyTemplates(consent.templateDir, log);
  return { links, pages: consentPages({ accounts, consent, links, serverName, templates }) };
}
