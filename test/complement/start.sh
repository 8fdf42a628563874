#!/usr/bin/env bash
# Starts a server as Complement wants one: SERVER_NAME from the environment, plain HTTP on 8008 and TLS on 8448 with a
# certificate of the authority in /complement/ca, state in /data, registration open, no rate limits.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
name=${SERVER_NAME:?}

if [ ! -e /data/tls.crt ] && [ -e /complement/ca/ca.crt ]; then
  openssl genrsa -out /data/tls.key 2048 2>/dev/null
  openssl req -new -sha256 -key /data/tls.key -subj "/CN=$name" -out /data/tls.csr
  openssl x509 -req -in /data/tls.csr -CA /complement/ca/ca.crt -CAkey /complement/ca/ca.key -set_serial 1 -days 2 -sha256 \
    -extfile <(printf 'subjectAltName=DNS:%s' "$name") -out /data/tls.crt 2>/dev/null
fi

cat >/data/homeserver.yaml <<YAML
server_name: "$name"
public_baseurl: "http://$name:8008/"
data_dir: "$(mktemp -d)"
listeners:
  - port: 8008
    bind_addresses: ["0.0.0.0"]
    resources: [{ names: [client, federation] }]
$([ -e /data/tls.crt ] && cat <<TLS
  - port: 8448
    bind_addresses: ["0.0.0.0"]
    tls: true
    resources: [{ names: [client, federation] }]
TLS
)
$([ -e /data/tls.crt ] && printf 'tls_certificate_path: /data/tls.crt\ntls_private_key_path: /data/tls.key\n')
database: { name: sqlite3, args: { database: /data/homeserver.db } }
media_store_path: /data/media
signing_key_path: /data/signing.key
registration_shared_secret: complement
enable_registration: true
enable_registration_without_verification: true
default_room_version: "10"
allow_guest_access: true
room_list_publication_rules: [{ action: allow }]
trusted_key_servers: []
presence: { enabled: true }
enable_authenticated_media: false
media_upload_limits: []
$(for bucket in rc_message rc_registration rc_registration_token_validity rc_admin_redaction rc_3pid_validation rc_reports rc_room_creation; do
  printf '%s: { per_second: 9999, burst_count: 9999 }\n' "$bucket"
done)
rc_login:
  address: { per_second: 9999, burst_count: 9999 }
  account: { per_second: 9999, burst_count: 9999 }
  failed_attempts: { per_second: 9999, burst_count: 9999 }
rc_joins:
  local: { per_second: 9999, burst_count: 9999 }
  remote: { per_second: 9999, burst_count: 9999 }
rc_joins_per_room: { per_second: 9999, burst_count: 9999 }
rc_invites:
  per_room: { per_second: 9999, burst_count: 9999 }
  per_user: { per_second: 9999, burst_count: 9999 }
  per_issuer: { per_second: 9999, burst_count: 9999 }
rc_media_create: { per_second: 9999, burst_count: 9999 }
YAML

exec "$here/bin/myelin" serve --config /data/homeserver.yaml
