import { resolve } from 'node:path';
import { parseServerName, type ServerName } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Reader } from '../reader.ts';

export interface ServerConfig {
  readonly serverName: ServerName;
  /** Where clients reach the server, with a trailing slash. */
  readonly publicBaseurl: string;
  /** Absolute. What has no path of its own lies in here. */
  readonly dataDir: string;
  readonly pidFile: string | undefined;
  readonly userAgentSuffix: string | undefined;
  /** Where `/` redirects to. */
  readonly webClientLocation: string | undefined;
  readonly serveServerWellknown: boolean;
  readonly extraWellKnownClientContent: JsonObject;
  readonly defaultIdentityServer: string | undefined;
  readonly reportStats: boolean;
  /** `mailto:` or other address told to users who hit a limit. */
  readonly adminContact: string | undefined;
  readonly macaroonSecretKey: string | undefined;
  readonly formSecret: string | undefined;
}

export function readServer(reader: Reader): ServerConfig {
  const serverName = reader.string('server_name', 'localhost');
  if (parseServerName(serverName) === undefined) {
    reader.problems.error('server_name', `"${serverName}" is not a server name (a host name, with :port if needed)`);
  }
  return {
    serverName: serverName as ServerName,
    publicBaseurl: baseUrl(reader, serverName),
    dataDir: resolve(reader.cwd, reader.string('data_dir', 'data')),
    pidFile: reader.optionalPath('pid_file'),
    userAgentSuffix: reader.optionalString('user_agent_suffix'),
    webClientLocation: reader.optionalString('web_client_location'),
    serveServerWellknown: reader.boolean('serve_server_wellknown', false),
    extraWellKnownClientContent: reader.object('extra_well_known_client_content') ?? {},
    defaultIdentityServer: reader.optionalString('default_identity_server'),
    reportStats: reader.boolean('report_stats', false),
    adminContact: reader.optionalString('admin_contact'),
    macaroonSecretKey: reader.secret('macaroon_secret_key'),
    formSecret: reader.secret('form_secret'),
  };
}

function baseUrl(reader: Reader, serverName: string): string {
  const given = reader.optionalString('public_baseurl');
  // A server that nobody configured is one to try out on this machine, where nothing terminates TLS.
  const url = given ?? (reader.has('server_name') ? `https://${serverName}/` : 'http://localhost:8008/');
  if (!/^https?:\/\/[^/]/.test(url)) reader.problems.error('public_baseurl', 'must be an http:// or https:// URL');
  return url.endsWith('/') ? url : `${url}/`;
}
