import type { Account, Accounts } from '#accounts/index.ts';
import type { ConsentConfig } from '#platform/config/index.ts';
import { html, orRefusal, pageResponse } from '#platform/html/index.ts';
import { type Page, readForm } from '#platform/http/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import { parseUserId, type ServerName, userId } from '#protocol/identifiers/index.ts';
import type { ConsentLinks } from './consent-links.ts';
import type { PolicyTemplates } from './policy-templates.ts';

export interface ConsentPagesDeps {
  readonly accounts: Pick<Accounts, 'users' | 'lifecycle'>;
  readonly consent: Pick<ConsentConfig, 'version' | 'policyName'>;
  readonly links: ConsentLinks | undefined;
  readonly serverName: ServerName;
  readonly templates: PolicyTemplates;
}

/** Who came by a signed link. */
interface Signer {
  readonly name: string;
  readonly signature: string;
  readonly account: Account;
}

const PATH = '/_matrix/consent';

/** The operator's pages may look as they like, but run nothing. */
const TEMPLATE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'self' https: 'unsafe-inline'; img-src 'self' https: data:; font-src 'self' https: data:; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
};

export function consentPages(deps: ConsentPagesDeps): readonly Page[] {
  return [
    {
      name: 'consent',
      method: 'GET',
      path: PATH,
      handler: (_request, { search }) => orRefusal(() => policyPage(search, deps)),
    },
    {
      name: 'consent',
      method: 'POST',
      path: PATH,
      handler: (request) => orRefusal(async () => agree(await readForm(request.body), deps)),
    },
  ];
}

async function policyPage(search: URLSearchParams, deps: ConsentPagesDeps): Promise<Response> {
  const signer = await signerOf(search, deps);
  const version = search.get('v') ?? deps.consent.version;
  const text = await deps.templates.policy(version, {
    user: signer?.name ?? '',
    userhmac: signer?.signature ?? '',
    version,
    has_consented: signer?.account.consentVersion === version,
    public_version: signer === undefined,
  });
  if (text === undefined) throw new MatrixError('M_NOT_FOUND', 'This server has no such document');
  return new Response(text, { headers: TEMPLATE_HEADERS });
}

async function agree(fields: URLSearchParams, deps: ConsentPagesDeps): Promise<Response> {
  const signer = await signerOf(fields, deps);
  const { consent, templates, accounts } = deps;
  if (signer === undefined) throw new MatrixError('M_MISSING_PARAM', 'The form does not say who agrees');
  // Nobody can agree to what is no longer, or not yet, in force.
  if (fields.get('v') !== consent.version) {
    throw new MatrixError('M_INVALID_PARAM', 'The document has changed. Open your link once more');
  }
  await accounts.lifecycle.setConsent(signer.account.userId, consent.version);
  const text = await templates.success();
  if (text !== undefined) return new Response(text, { headers: TEMPLATE_HEADERS });
  const content = html`<h1>Thank you</h1>\n<p role="status">You have agreed to: ${consent.policyName}.</p>`;
  return pageResponse(200, { title: 'Thank you', content });
}

/** Whom a link or form is for; `undefined` where it names nobody. Throws `M_FORBIDDEN` for one that is not signed. */
async function signerOf(fields: URLSearchParams, deps: ConsentPagesDeps): Promise<Signer | undefined> {
  const { accounts, links, serverName } = deps;
  const name = fields.get('u') ?? '';
  const signature = fields.get('h') ?? '';
  if (name === '') return undefined;
  const id = parseUserId(name.startsWith('@') ? name : userId(name, serverName));
  const isSigned = links?.isSigned(name, signature) ?? false;
  const account = id === undefined || !isSigned ? undefined : await accounts.users.find(id);
  if (account === undefined || account.isDeactivated) throw new MatrixError('M_FORBIDDEN', 'This link is not valid');
  return { name, signature, account };
}
