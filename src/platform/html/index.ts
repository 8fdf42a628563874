/**
 * Pages for people who come with a browser: markup whose every interpolated text is escaped, and responses whose headers
 * let the browser load nothing and run only what the page itself brings. What the pages say is up to those who serve them.
 */
export { escapeHtml, Html, html } from './html.ts';
export { orRefusal, type PageContent, pageResponse } from './page-response.ts';
