import type { ServerConfig } from '#platform/config/index.ts';
import { splitServerName } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';

/** https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixclient */
export function clientWellKnown(
  server: Pick<ServerConfig, 'publicBaseurl' | 'defaultIdentityServer' | 'extraWellKnownClientContent'>,
): JsonObject & { 'm.homeserver': { base_url: string } } {
  const { publicBaseurl, defaultIdentityServer, extraWellKnownClientContent } = server;
  return {
    ...extraWellKnownClientContent,
    'm.homeserver': { base_url: publicBaseurl },
    ...(defaultIdentityServer === undefined ? {} : { 'm.identity_server': { base_url: defaultIdentityServer } }),
  };
}

/**
 * Sends other servers to port 443, where a reverse proxy has it; `undefined` where that is not configured.
 * https://spec.matrix.org/v1.19/server-server-api/#getwell-knownmatrixserver
 */
export function serverWellKnown({
  serverName,
  serveServerWellknown,
}: Pick<ServerConfig, 'serverName' | 'serveServerWellknown'>): { 'm.server': string } | undefined {
  if (!serveServerWellknown) return undefined;
  const { host } = splitServerName(serverName);
  return { 'm.server': `${host}:443` };
}

/**
 * The operator's contact: an e-mail address (`mailto:` or plain), a user id or a page. `undefined` where there is none.
 * https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixsupport
 */
export function supportWellKnown(adminContact: string | undefined) {
  if (adminContact === undefined || adminContact === '') return undefined;
  if (/^https?:\/\//.test(adminContact)) return { support_page: adminContact };
  const address = adminContact.replace(/^mailto:/, '');
  const contact = address.startsWith('@') ? { matrix_id: address } : { email_address: address };
  return { contacts: [{ ...contact, role: 'm.role.admin' }] };
}
