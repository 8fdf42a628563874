import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import type { Random } from '#platform/random/index.ts';

export interface DefaultConfigOptions {
  readonly serverName: string;
  /** Where clients reach the server; left to its default when absent. */
  readonly publicBaseurl?: string;
  readonly dataDir?: string;
  readonly port?: number;
  readonly reportStats?: boolean;
  readonly random: Random;
}

/** Writes a commented `homeserver.yaml` readable by its owner only. False when the file exists: it is then left alone. */
export function writeDefaultConfig(path: string, options: DefaultConfigOptions): boolean {
  if (existsSync(path)) return false;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, renderDefaultConfig(options), { mode: 0o600, flag: 'wx' });
  return true;
}

/** The text of a first configuration, with secrets of its own. */
export function renderDefaultConfig(options: DefaultConfigOptions): string {
  const { serverName, publicBaseurl, dataDir = 'data', port = 8008, reportStats = false, random } = options;
  const value = (text: string): string => stringify(text).trim();
  const baseurl =
    publicBaseurl === undefined
      ? `#public_baseurl: ${value(`https://${serverName}/`)}`
      : `public_baseurl: ${value(publicBaseurl)}`;
  return `# Configuration of a Myelin homeserver. Keys and shapes are Synapse's; what is left out has a sensible default.

# The part after the colon in user ids (@alice:${serverName}). It can never be changed once users exist.
server_name: ${value(serverName)}

# Where clients reach this server, if not at https://<server_name>/.
${baseurl}

# Database, media and keys lie in here. Relative paths are relative to the working directory.
data_dir: ${value(dataDir)}

# A reverse proxy that terminates TLS is expected in front; set x_forwarded to false when there is none.
listeners:
  - port: ${port}
    type: http
    tls: false
    x_forwarded: true
    bind_addresses: ['::1', '127.0.0.1']
    resources:
      - names: [client, federation]

# The default is SQLite in the data folder. For PostgreSQL:
#database:
#  name: psycopg2
#  args:
#    host: localhost
#    user: myelin
#    password_path: /run/secrets/database-password
#    database: myelin
#    cp_max: 10

# Lets register_new_matrix_user (and anyone who knows it) create accounts, administrators included.
registration_shared_secret: ${value(random.text(50))}

# Signs short-lived tokens and forms.
macaroon_secret_key: ${value(random.text(50))}
form_secret: ${value(random.text(50))}

# Open registration needs one of registration_requires_token, registrations_require_3pid, enable_registration_captcha.
#enable_registration: true
#registration_requires_token: true

# The largest file that users may upload.
#max_upload_size: 50M

# Memory that all caches together may use.
#cache_budget: 256M

# Calls: a TURN server and the secret shared with it.
#turn_uris: ['turn:turn.${serverName}?transport=udp']
#turn_shared_secret_path: /run/secrets/turn

# Whose word is taken for the keys of servers that are offline.
trusted_key_servers:
  - server_name: matrix.org

# Prometheus metrics at /_synapse/metrics of listeners with the resource "metrics".
#enable_metrics: true

# level: debug, info, warn or error; format: text, json, or auto (text on a terminal).
#log:
#  level: info
#  format: auto

report_stats: ${reportStats}
`;
}
