/**
 * Operations that have a contract and no handler yet, with the reason. Each answers 404 `M_UNRECOGNIZED`, which clients take
 * for "not supported". The list may only shrink.
 */
export const NOT_NOW: ReadonlyMap<string, string> = new Map([
  ['getUrlPreview', 'URL previews fetch pages of other servers, for which there is no outbound client yet'],
  ['getUrlPreviewAuthed', 'as getUrlPreview'],
  ['redirectToSSO', 'no single sign-on yet'],
  ['redirectToIdP', 'no single sign-on yet'],
  ['receiveCasTicket', 'no single sign-on yet'],
  ['pingAppservice', 'no application services yet'],
  ['removePusherByLink', 'no e-mail, hence no mails with such links'],
]);
