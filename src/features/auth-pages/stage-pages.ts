import { type Html, html } from '#platform/html/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';

/** How a person is asked for one kind of proof. */
export interface StagePage {
  readonly title: string;
  readonly button: string;
  /** What stands in the form, above its button. `params` are those of the stage. */
  form(params: JsonObject): Html;
  /** What the stage is told, or what the person has to do yet. */
  read(fields: URLSearchParams, params: JsonObject): JsonObject | string;
}

/** A document that somebody has to agree to. */
interface Policy {
  readonly id: string;
  readonly name: string;
  readonly url: string | undefined;
}

const terms: StagePage = {
  title: 'Terms',
  button: 'Continue',
  form: (params) => html`<p>To go on, read and agree to:</p>
${policiesIn(params).map(
  ({ id, name, url }) => html`<label class="choice"><input type="checkbox" name="policy" value="${id}" required>
<span>${url === undefined ? name : html`<a href="${url}" target="_blank" rel="noopener noreferrer">${name}</a>`}</span></label>`,
)}`,
  read(fields, params) {
    const agreed = fields.getAll('policy');
    const isComplete = policiesIn(params).every(({ id }) => agreed.includes(id));
    return isComplete ? {} : 'To go on, you have to agree to everything on this page.';
  },
};

const registrationToken: StagePage = {
  title: 'Registration token',
  button: 'Continue',
  form: () => html`<p>This server needs a token from whoever registers. Its administrator gives them out.</p>
<label for="token">Token</label>
<input type="text" id="token" name="token" required maxlength="64" autocomplete="off" autocapitalize="none"
  spellcheck="false" autofocus>`,
  read: (fields) => ({ token: (fields.get('token') ?? '').trim() }),
};

const password: StagePage = {
  title: 'Confirm that it is you',
  button: 'Continue',
  form: () => html`<label for="user">User name</label>
<input type="text" id="user" name="user" required autocomplete="username" autocapitalize="none" spellcheck="false">
<label for="password">Password</label>
<input type="password" id="password" name="password" required autocomplete="current-password">`,
  read: (fields) => ({
    identifier: { type: 'm.id.user', user: (fields.get('user') ?? '').trim() },
    password: fields.get('password') ?? '',
  }),
};

const dummy: StagePage = {
  title: 'Go on?',
  button: 'Continue',
  form: () => html`<p>Your app asks you to confirm that you want to go on.</p>`,
  read: () => ({}),
};

/** By the type of the stage. */
export const STAGE_PAGES: ReadonlyMap<string, StagePage> = new Map([
  ['m.login.terms', terms],
  ['m.login.registration_token', registrationToken],
  ['m.login.password', password],
  ['m.login.dummy', dummy],
]);

/** https://spec.matrix.org/v1.19/client-server-api/#definition-mloginterms-params */
function policiesIn({ policies }: JsonObject): Policy[] {
  if (!isJsonObject(policies)) return [];
  return Object.entries(policies).map(([id, policy]) => {
    const translations = isJsonObject(policy) ? Object.values(policy).filter(isJsonObject) : [];
    const text = (isJsonObject(policy) && isJsonObject(policy.en) ? policy.en : translations[0]) ?? {};
    return {
      id,
      name: typeof text.name === 'string' ? text.name : id,
      url: typeof text.url === 'string' ? text.url : undefined,
    };
  });
}
