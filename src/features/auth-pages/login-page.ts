import { html, pageResponse } from '#platform/html/index.ts';
import type { Page } from '#platform/http/index.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';

/**
 * Logs in and hands the answer to the client, which waits in `window.matrixLogin.onLogin`. What stands in the page's query
 * and is no credential goes into the request. A login token that single sign-on has sent back is used at once.
 */
const SCRIPT = `
window.matrixLogin = window.matrixLogin || {};
(function () {
  var form = document.getElementById('form');
  var problem = document.getElementById('problem');
  var button = document.getElementById('button');
  var query = new URLSearchParams(window.location.search);

  function show(message) {
    problem.textContent = message;
    problem.hidden = message === '';
  }

  function logIn(credentials) {
    var body = {};
    ['device_id', 'initial_device_display_name'].forEach(function (name) {
      if (query.has(name)) body[name] = query.get(name);
    });
    if (query.has('refresh_token')) body.refresh_token = query.get('refresh_token') === 'true';
    show('');
    button.disabled = true;
    fetch('/_matrix/client/v3/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(Object.assign(body, credentials))
    }).then(function (response) {
      return response.json().then(function (answer) {
        if (!response.ok) throw new Error(answer.error || 'This did not work.');
        form.hidden = true;
        document.getElementById('done').hidden = false;
        if (window.matrixLogin.onLogin) window.matrixLogin.onLogin(answer);
      });
    }).catch(function (error) {
      show(error.message);
    }).then(function () {
      button.disabled = false;
    });
  }

  form.addEventListener('submit', function (event) {
    event.preventDefault();
    logIn({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: document.getElementById('user').value.trim() },
      password: document.getElementById('password').value
    });
  });
  if (query.has('loginToken')) logIn({ type: 'm.login.token', token: query.get('loginToken') });
})();
`;

/** The page for clients that know no way to log in here. https://spec.matrix.org/v1.19/client-server-api/#login-fallback */
export function loginPage(serverName: ServerName): readonly Page[] {
  const title = `Log in to ${serverName}`;
  const content = html`<h1>${title}</h1>
<p id="problem" class="ill" role="alert" hidden></p>
<form id="form" method="post">
<label for="user">User name</label>
<input type="text" id="user" required autocomplete="username" autocapitalize="none" spellcheck="false" autofocus>
<label for="password">Password</label>
<input type="password" id="password" required autocomplete="current-password">
<button id="button" type="submit">Log in</button>
</form>
<p id="done" role="status" hidden>You are logged in. Go back to your app.</p>
<noscript><p class="ill">This page needs JavaScript to log you in.</p></noscript>`;
  const handler = () => pageResponse(200, { title, content, script: SCRIPT });
  return ['/_matrix/static/client/login/', '/_matrix/static/client/login'].map((path) => ({
    name: 'login-page',
    method: 'GET',
    path,
    handler,
  }));
}
