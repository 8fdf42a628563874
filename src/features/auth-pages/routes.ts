import type { UserInteractiveAuth } from '#accounts/index.ts';
import { getAuthFallback, submitAuthFallback } from '#api/client/auth-fallback.ts';
import { type Route, route } from '#api/endpoint.ts';
import { html, orRefusal, pageResponse } from '#platform/html/index.ts';
import { readForm } from '#platform/http/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { JsonObject } from '#protocol/json.ts';
import { STAGE_PAGES, type StagePage } from './stage-pages.ts';

/** A stage of a session that waits for it. */
interface OpenStage {
  readonly page: StagePage;
  readonly params: JsonObject;
  readonly session: string;
}

/** Tells the client, which has opened the page, that the stage is done. https://spec.matrix.org/v1.19/client-server-api/#fallback */
const TELL_CLIENT = `if (window.onAuthDone) {
  window.onAuthDone();
} else if (window.opener && window.opener.postMessage) {
  window.opener.postMessage("authDone", "*");
}`;

export function fallbackRoutes(uia: UserInteractiveAuth): readonly Route[] {
  const open = (authType: string, session: string | undefined) => openStage(uia, authType, session);
  return [
    route(getAuthFallback, ({ params: { authType }, query }) =>
      orRefusal(async () => {
        const stage = await open(authType, query.session);
        return stage === 'done' ? donePage() : formPage(stage);
      }),
    ),
    route(submitAuthFallback, ({ params: { authType }, query, request }) =>
      orRefusal(async () => {
        const stage = await open(authType, query.session);
        if (stage === 'done') return donePage();
        const { page, params, session } = stage;
        const auth = page.read(await readForm(request.bodyStream), params);
        if (typeof auth === 'string') return formPage(stage, auth);
        try {
          await uia.completeStage(session, authType, { ...auth, type: authType, session }, request);
        } catch (error) {
          // Another try may be right: a mistyped name, too, is refused as somebody else's.
          if (error instanceof MatrixError && [401, 403].includes(error.status))
            return formPage(stage, `${error.message}.`);
          throw error;
        }
        return donePage();
      }),
    ),
  ];
}

async function openStage(
  uia: UserInteractiveAuth,
  authType: string,
  session: string | undefined,
): Promise<OpenStage | 'done'> {
  const page = STAGE_PAGES.get(authType);
  const params = uia.stageParams(authType);
  if (page === undefined || params === undefined) {
    throw new MatrixError('M_NOT_FOUND', 'This server has no page for this kind of authentication');
  }
  const isDone = session === undefined ? undefined : await uia.isCompleted(session, authType);
  if (session === undefined || isDone === undefined) {
    throw new MatrixError('M_NOT_FOUND', 'What you began has expired. Go back to your app and begin again');
  }
  return isDone ? 'done' : { page, params, session };
}

/** The form goes back to the very address of the page, session included. */
function formPage({ page, params }: OpenStage, problem?: string): Response {
  const content = html`<h1>${page.title}</h1>
${problem === undefined ? undefined : html`<p class="ill" role="alert">${problem}</p>`}
<form method="post">
${page.form(params)}
<button type="submit">${page.button}</button>
</form>`;
  return pageResponse(problem === undefined ? 200 : 400, { title: page.title, content });
}

function donePage(): Response {
  const content = html`<h1>Thank you</h1>\n<p role="status">You may close this window and go back to your app.</p>`;
  return pageResponse(200, { title: 'Thank you', content, script: TELL_CLIENT });
}
