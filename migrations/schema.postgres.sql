CREATE TABLE access_tokens (
  token_hash BYTEA NOT NULL,
  session_id BIGINT NOT NULL,
  refreshed_from BYTEA,
  is_used SMALLINT NOT NULL,
  created_ts BIGINT NOT NULL,
  expires_ts BIGINT,
  CONSTRAINT access_tokens_pkey PRIMARY KEY (token_hash)
);

CREATE TABLE account_data (
  user_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  type TEXT NOT NULL,
  content TEXT NOT NULL,
  position BIGINT NOT NULL,
  CONSTRAINT account_data_pkey PRIMARY KEY (user_id, room_id, type)
);

CREATE TABLE backward_extremities (
  room_nid BIGINT NOT NULL,
  event_id TEXT NOT NULL,
  CONSTRAINT backward_extremities_pkey PRIMARY KEY (room_nid, event_id)
);

CREATE TABLE cross_signing_keys (
  user_id TEXT NOT NULL,
  usage TEXT NOT NULL,
  public_key TEXT NOT NULL,
  key_json TEXT NOT NULL,
  CONSTRAINT cross_signing_keys_pkey PRIMARY KEY (user_id, usage)
);

CREATE TABLE cross_signing_resets (
  user_id TEXT NOT NULL,
  allowed_until_ts BIGINT NOT NULL,
  CONSTRAINT cross_signing_resets_pkey PRIMARY KEY (user_id)
);

CREATE TABLE dehydrated_devices (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  device_data TEXT NOT NULL,
  CONSTRAINT dehydrated_devices_pkey PRIMARY KEY (user_id)
);

CREATE TABLE device_connections (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  ip TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  last_seen_ts BIGINT NOT NULL,
  CONSTRAINT device_connections_pkey PRIMARY KEY (user_id, device_id, ip, user_agent)
);

CREATE TABLE device_keys (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  key_json TEXT NOT NULL,
  CONSTRAINT device_keys_pkey PRIMARY KEY (user_id, device_id)
);

CREATE TABLE device_list_changes (
  user_id TEXT NOT NULL,
  visible_to TEXT NOT NULL,
  position BIGINT NOT NULL,
  CONSTRAINT device_list_changes_pkey PRIMARY KEY (user_id, visible_to)
);

CREATE TABLE devices (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  display_name TEXT,
  created_ts BIGINT NOT NULL,
  last_seen_ts BIGINT,
  last_seen_ip TEXT,
  last_seen_user_agent TEXT,
  is_hidden SMALLINT NOT NULL DEFAULT 0,
  CONSTRAINT devices_pkey PRIMARY KEY (user_id, device_id)
);

CREATE TABLE directory_tokens (
  token TEXT COLLATE "C" NOT NULL,
  user_id TEXT NOT NULL,
  CONSTRAINT directory_tokens_pkey PRIMARY KEY (token, user_id)
);

CREATE TABLE directory_users (
  user_id TEXT NOT NULL,
  display_name TEXT,
  avatar_url TEXT,
  name_key TEXT NOT NULL,
  localpart_key TEXT NOT NULL,
  is_local SMALLINT NOT NULL,
  is_deactivated SMALLINT NOT NULL,
  is_locked SMALLINT NOT NULL,
  is_excluded SMALLINT NOT NULL,
  CONSTRAINT directory_users_pkey PRIMARY KEY (user_id)
);

CREATE TABLE event_transactions (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  room_nid BIGINT NOT NULL,
  operation TEXT NOT NULL,
  txn_id TEXT NOT NULL,
  event_nid BIGINT NOT NULL,
  sent_ts BIGINT NOT NULL,
  CONSTRAINT event_transactions_by_request PRIMARY KEY (user_id, device_id, room_nid, operation, txn_id)
);

CREATE TABLE events (
  event_nid BIGINT NOT NULL,
  event_id TEXT NOT NULL,
  room_nid BIGINT NOT NULL,
  position BIGINT,
  depth BIGINT NOT NULL,
  type TEXT NOT NULL,
  state_key TEXT,
  sender TEXT NOT NULL,
  origin_server_ts BIGINT NOT NULL,
  status SMALLINT NOT NULL,
  state_before BYTEA,
  state_after BYTEA,
  redacted_by TEXT,
  content TEXT NOT NULL,
  rest TEXT NOT NULL,
  unsigned TEXT,
  auth_rank BIGINT,
  CONSTRAINT events_event_id_key UNIQUE (event_id),
  CONSTRAINT events_pkey PRIMARY KEY (event_nid)
);

CREATE TABLE fallback_keys (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  key_id TEXT NOT NULL,
  key_json TEXT NOT NULL,
  is_used SMALLINT NOT NULL,
  CONSTRAINT fallback_keys_pkey PRIMARY KEY (user_id, device_id, algorithm)
);

CREATE TABLE filters (
  user_id TEXT NOT NULL,
  filter_id BIGINT NOT NULL,
  content_hash TEXT NOT NULL,
  content TEXT NOT NULL,
  CONSTRAINT filters_pkey PRIMARY KEY (user_id, filter_id),
  CONSTRAINT filters_user_id_content_hash_key UNIQUE (user_id, content_hash)
);

CREATE TABLE forward_extremities (
  room_nid BIGINT NOT NULL,
  event_nid BIGINT NOT NULL,
  CONSTRAINT forward_extremities_pkey PRIMARY KEY (room_nid, event_nid)
);

CREATE TABLE hierarchy_sessions (
  token TEXT NOT NULL,
  user_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  is_suggested_only SMALLINT NOT NULL,
  max_depth BIGINT NOT NULL,
  walk TEXT NOT NULL,
  expires_ts BIGINT NOT NULL,
  CONSTRAINT hierarchy_sessions_pkey PRIMARY KEY (token)
);

CREATE TABLE key_backup_sessions (
  user_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  room_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  first_message_index BIGINT NOT NULL,
  forwarded_count BIGINT NOT NULL,
  is_verified SMALLINT NOT NULL,
  session_data TEXT NOT NULL,
  CONSTRAINT key_backup_sessions_pkey PRIMARY KEY (user_id, version, room_id, session_id)
);

CREATE TABLE key_backups (
  user_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  algorithm TEXT NOT NULL,
  auth_data TEXT NOT NULL,
  etag BIGINT NOT NULL,
  key_count BIGINT NOT NULL,
  is_deleted SMALLINT NOT NULL,
  CONSTRAINT key_backups_pkey PRIMARY KEY (user_id, version)
);

CREATE TABLE key_signatures (
  user_id TEXT NOT NULL,
  key_name TEXT NOT NULL,
  signer_id TEXT NOT NULL,
  signer_key TEXT NOT NULL,
  signature TEXT NOT NULL,
  CONSTRAINT key_signatures_pkey PRIMARY KEY (user_id, key_name, signer_id, signer_key)
);

CREATE TABLE login_tokens (
  token_hash BYTEA NOT NULL,
  user_id TEXT NOT NULL,
  expires_ts BIGINT NOT NULL,
  CONSTRAINT login_tokens_pkey PRIMARY KEY (token_hash)
);

CREATE TABLE media (
  media_id TEXT NOT NULL,
  file_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  state TEXT NOT NULL,
  type TEXT,
  size BIGINT,
  upload_name TEXT,
  sha256 TEXT,
  created_ts BIGINT NOT NULL,
  expires_ts BIGINT,
  last_access_ts BIGINT NOT NULL,
  authenticated SMALLINT NOT NULL,
  quarantined_by TEXT,
  is_protected SMALLINT NOT NULL DEFAULT 0,
  CONSTRAINT media_file_id_key UNIQUE (file_id),
  CONSTRAINT media_pkey PRIMARY KEY (media_id)
);

CREATE TABLE media_quarantine_changes (
  change_id BIGINT NOT NULL,
  origin TEXT,
  media_id TEXT NOT NULL,
  is_quarantined SMALLINT NOT NULL,
  created_ts BIGINT NOT NULL,
  CONSTRAINT media_quarantine_changes_pkey PRIMARY KEY (change_id)
);

CREATE TABLE media_quarantined_hashes (
  sha256 TEXT NOT NULL,
  quarantined_by TEXT NOT NULL,
  created_ts BIGINT NOT NULL,
  CONSTRAINT media_quarantined_hashes_pkey PRIMARY KEY (sha256)
);

CREATE TABLE media_thumbnails (
  file_id TEXT NOT NULL,
  width BIGINT NOT NULL,
  height BIGINT NOT NULL,
  method TEXT NOT NULL,
  animated SMALLINT NOT NULL,
  type TEXT NOT NULL,
  size BIGINT NOT NULL,
  CONSTRAINT media_thumbnails_pkey PRIMARY KEY (file_id, width, height, method, animated)
);

CREATE TABLE memberships (
  room_nid BIGINT NOT NULL,
  user_id TEXT NOT NULL,
  membership TEXT NOT NULL,
  sender TEXT NOT NULL,
  event_nid BIGINT NOT NULL,
  position BIGINT NOT NULL,
  display_name TEXT,
  avatar_url TEXT,
  is_local SMALLINT NOT NULL,
  is_forgotten SMALLINT NOT NULL DEFAULT 0,
  stripped_state TEXT,
  CONSTRAINT memberships_pkey PRIMARY KEY (room_nid, user_id)
);

CREATE TABLE notified_audiences (
  audience_nid BIGINT NOT NULL,
  room_nid BIGINT NOT NULL,
  hash TEXT NOT NULL,
  content TEXT NOT NULL,
  CONSTRAINT notified_audiences_pkey PRIMARY KEY (audience_nid)
);

CREATE TABLE notified_events (
  room_nid BIGINT NOT NULL,
  position BIGINT NOT NULL,
  event_nid BIGINT NOT NULL,
  sender TEXT NOT NULL,
  thread TEXT NOT NULL,
  audience_nid BIGINT NOT NULL,
  highlight SMALLINT NOT NULL,
  CONSTRAINT notified_events_pkey PRIMARY KEY (room_nid, "position")
);

CREATE TABLE notified_users (
  user_id TEXT NOT NULL,
  room_nid BIGINT NOT NULL,
  position BIGINT NOT NULL,
  event_nid BIGINT NOT NULL,
  thread TEXT NOT NULL,
  audience_nid BIGINT,
  highlight SMALLINT NOT NULL,
  actions TEXT NOT NULL,
  CONSTRAINT notified_users_pkey PRIMARY KEY (user_id, room_nid, "position")
);

CREATE TABLE one_time_keys (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  key_id TEXT NOT NULL,
  upload_order BIGINT NOT NULL,
  key_json TEXT NOT NULL,
  claimed_ts BIGINT,
  CONSTRAINT one_time_keys_pkey PRIMARY KEY (user_id, device_id, algorithm, key_id)
);

CREATE TABLE openid_tokens (
  token_hash BYTEA NOT NULL,
  user_id TEXT NOT NULL,
  expires_ts BIGINT NOT NULL,
  CONSTRAINT openid_tokens_pkey PRIMARY KEY (token_hash)
);

CREATE TABLE presence (
  user_id TEXT NOT NULL,
  presence TEXT NOT NULL,
  status_msg TEXT,
  last_active_ts BIGINT NOT NULL,
  CONSTRAINT presence_pkey PRIMARY KEY (user_id)
);

CREATE TABLE profile_propagations (
  user_id TEXT NOT NULL,
  fields TEXT NOT NULL,
  revision BIGINT NOT NULL,
  CONSTRAINT profile_propagations_pkey PRIMARY KEY (user_id)
);

CREATE TABLE profiles (
  user_id TEXT NOT NULL,
  display_name TEXT,
  avatar_url TEXT,
  fields TEXT NOT NULL,
  revision BIGINT NOT NULL,
  CONSTRAINT profiles_pkey PRIMARY KEY (user_id)
);

CREATE TABLE published_networks (
  network TEXT NOT NULL,
  room_nid BIGINT NOT NULL,
  CONSTRAINT published_networks_pkey PRIMARY KEY (network, room_nid)
);

CREATE TABLE push_rule_changes (
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  rule_id TEXT NOT NULL,
  enabled SMALLINT,
  actions TEXT,
  CONSTRAINT push_rule_changes_pkey PRIMARY KEY (user_id, kind, rule_id)
);

CREATE TABLE push_rule_positions (
  user_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  CONSTRAINT push_rule_positions_pkey PRIMARY KEY (user_id)
);

CREATE TABLE push_rules (
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  rule_id TEXT NOT NULL,
  place BIGINT NOT NULL,
  enabled SMALLINT NOT NULL,
  actions TEXT NOT NULL,
  conditions TEXT NOT NULL,
  pattern TEXT,
  CONSTRAINT push_rules_pkey PRIMARY KEY (user_id, kind, rule_id)
);

CREATE TABLE pushers (
  pusher_id BIGINT NOT NULL,
  user_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  pushkey TEXT NOT NULL,
  kind TEXT NOT NULL,
  app_display_name TEXT NOT NULL,
  device_display_name TEXT NOT NULL,
  profile_tag TEXT,
  lang TEXT NOT NULL,
  data TEXT NOT NULL,
  enabled SMALLINT NOT NULL,
  device_id TEXT,
  session_id BIGINT,
  created_ts BIGINT NOT NULL,
  CONSTRAINT pushers_app_id_pushkey_user_id_key UNIQUE (app_id, pushkey, user_id),
  CONSTRAINT pushers_pkey PRIMARY KEY (pusher_id)
);

CREATE TABLE read_marks (
  user_id TEXT NOT NULL,
  room_nid BIGINT NOT NULL,
  thread TEXT NOT NULL,
  position BIGINT NOT NULL,
  CONSTRAINT read_marks_pkey PRIMARY KEY (user_id, room_nid, thread)
);

CREATE TABLE receipts (
  room_nid BIGINT NOT NULL,
  user_id TEXT NOT NULL,
  receipt_type TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  event_position BIGINT NOT NULL,
  ts BIGINT NOT NULL,
  position BIGINT NOT NULL,
  CONSTRAINT receipts_pkey PRIMARY KEY (room_nid, user_id, receipt_type, thread_id)
);

CREATE TABLE redactions (
  event_nid BIGINT NOT NULL,
  room_nid BIGINT NOT NULL,
  redacts TEXT NOT NULL,
  CONSTRAINT redactions_pkey PRIMARY KEY (event_nid)
);

CREATE TABLE refresh_tokens (
  token_hash BYTEA NOT NULL,
  session_id BIGINT NOT NULL,
  refreshed_from BYTEA,
  created_ts BIGINT NOT NULL,
  expires_ts BIGINT,
  CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token_hash)
);

CREATE TABLE registration_tokens (
  token TEXT NOT NULL,
  uses_allowed INTEGER,
  pending INTEGER NOT NULL DEFAULT 0,
  completed INTEGER NOT NULL DEFAULT 0,
  expires_ts BIGINT,
  CONSTRAINT registration_tokens_pkey PRIMARY KEY (token)
);

CREATE TABLE relations (
  event_nid BIGINT NOT NULL,
  room_nid BIGINT NOT NULL,
  parent_id TEXT NOT NULL,
  rel_type TEXT NOT NULL,
  annotation_key TEXT,
  type TEXT NOT NULL,
  sender TEXT NOT NULL,
  depth BIGINT NOT NULL,
  position BIGINT NOT NULL,
  CONSTRAINT relations_pkey PRIMARY KEY (event_nid)
);

CREATE TABLE reports (
  report_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  received_ts BIGINT NOT NULL,
  reporter TEXT NOT NULL,
  room_id TEXT,
  event_id TEXT,
  target_user_id TEXT,
  reason TEXT,
  score BIGINT,
  CONSTRAINT reports_pkey PRIMARY KEY (report_id)
);

CREATE TABLE room_aliases (
  alias TEXT NOT NULL,
  room_nid BIGINT NOT NULL,
  creator TEXT NOT NULL,
  created_ts BIGINT NOT NULL,
  CONSTRAINT room_aliases_pkey PRIMARY KEY (alias)
);

CREATE TABLE room_summaries (
  room_nid BIGINT NOT NULL,
  name TEXT,
  topic TEXT,
  canonical_alias TEXT,
  avatar_url TEXT,
  joined_count BIGINT NOT NULL,
  join_rule TEXT,
  allowed_room_ids TEXT,
  guest_access TEXT,
  history_visibility TEXT,
  room_type TEXT,
  encryption TEXT,
  is_federatable SMALLINT NOT NULL,
  is_published SMALLINT NOT NULL,
  search_text TEXT NOT NULL,
  CONSTRAINT room_summaries_pkey PRIMARY KEY (room_nid)
);

CREATE TABLE rooms (
  room_nid BIGINT NOT NULL,
  room_id TEXT NOT NULL,
  version TEXT NOT NULL,
  current_root BYTEA,
  CONSTRAINT rooms_pkey PRIMARY KEY (room_nid),
  CONSTRAINT rooms_room_id_key UNIQUE (room_id)
);

CREATE TABLE schema_info (
  id BIGINT NOT NULL,
  version BIGINT NOT NULL,
  lowest_compatible BIGINT NOT NULL,
  CONSTRAINT schema_info_id_check CHECK ((id = 0)),
  CONSTRAINT schema_info_pkey PRIMARY KEY (id)
);

CREATE TABLE schema_migrations (
  position BIGINT NOT NULL,
  name TEXT NOT NULL,
  applied_at BIGINT NOT NULL,
  CONSTRAINT schema_migrations_name_key UNIQUE (name),
  CONSTRAINT schema_migrations_pkey PRIMARY KEY ("position")
);

CREATE TABLE search_pending (
  event_nid BIGINT NOT NULL,
  CONSTRAINT search_pending_pkey PRIMARY KEY (event_nid)
);

CREATE TABLE search_words (
  event_nid BIGINT NOT NULL,
  words TSVECTOR NOT NULL,
  CONSTRAINT search_words_pkey PRIMARY KEY (event_nid)
);

CREATE TABLE sequences (
  name TEXT NOT NULL,
  reserved BIGINT NOT NULL,
  CONSTRAINT sequences_pkey PRIMARY KEY (name)
);

CREATE TABLE sessions (
  session_id BIGINT NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT,
  created_ts BIGINT NOT NULL,
  authenticated_ts BIGINT NOT NULL,
  expires_ts BIGINT,
  puppeted_by TEXT,
  CONSTRAINT sessions_pkey PRIMARY KEY (session_id)
);

CREATE TABLE space_children (
  room_nid BIGINT NOT NULL,
  child_room_id TEXT NOT NULL,
  event_nid BIGINT NOT NULL,
  sort_order TEXT,
  is_suggested SMALLINT NOT NULL,
  content TEXT NOT NULL,
  sender TEXT NOT NULL,
  origin_server_ts BIGINT NOT NULL,
  CONSTRAINT space_children_pkey PRIMARY KEY (room_nid, child_room_id)
);

CREATE TABLE state_auth_edges (
  auth_nid BIGINT NOT NULL,
  event_nid BIGINT NOT NULL,
  CONSTRAINT state_auth_edges_pkey PRIMARY KEY (auth_nid, event_nid)
);

CREATE TABLE state_deltas (
  position BIGINT NOT NULL,
  room_nid BIGINT NOT NULL,
  state_key_nid BIGINT NOT NULL,
  type TEXT NOT NULL,
  state_key TEXT NOT NULL,
  event_nid BIGINT,
  previous_event_nid BIGINT,
  CONSTRAINT state_deltas_pkey PRIMARY KEY ("position")
);

CREATE TABLE state_keys (
  state_key_nid BIGINT NOT NULL,
  type TEXT NOT NULL,
  state_key TEXT NOT NULL,
  CONSTRAINT state_keys_pkey PRIMARY KEY (state_key_nid),
  CONSTRAINT state_keys_type_state_key_key UNIQUE (type, state_key)
);

CREATE TABLE state_nodes (
  room_nid BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  body BYTEA NOT NULL,
  CONSTRAINT state_nodes_pkey PRIMARY KEY (room_nid, hash)
);

CREATE TABLE threads (
  room_nid BIGINT NOT NULL,
  root_id TEXT NOT NULL,
  reply_count BIGINT NOT NULL,
  latest_depth BIGINT NOT NULL,
  latest_position BIGINT NOT NULL,
  CONSTRAINT threads_pkey PRIMARY KEY (room_nid, root_id)
);

CREATE TABLE to_device_messages (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  message TEXT NOT NULL,
  CONSTRAINT to_device_messages_pkey PRIMARY KEY (user_id, device_id, "position")
);

CREATE TABLE to_device_transactions (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  txn_id TEXT NOT NULL,
  created_ts BIGINT NOT NULL,
  CONSTRAINT to_device_transactions_pkey PRIMARY KEY (user_id, device_id, event_type, txn_id)
);

CREATE TABLE uia_sessions (
  session_id TEXT NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  user_id TEXT,
  body TEXT NOT NULL,
  secret TEXT,
  outcome TEXT,
  created_ts BIGINT NOT NULL,
  CONSTRAINT uia_sessions_pkey PRIMARY KEY (session_id)
);

CREATE TABLE uia_stages (
  session_id TEXT NOT NULL,
  stage TEXT NOT NULL,
  result TEXT NOT NULL,
  CONSTRAINT uia_stages_pkey PRIMARY KEY (session_id, stage)
);

CREATE TABLE user_departures (
  user_id TEXT NOT NULL,
  is_erased SMALLINT NOT NULL,
  CONSTRAINT user_departures_pkey PRIMARY KEY (user_id)
);

CREATE TABLE users (
  user_id TEXT NOT NULL,
  folded_localpart TEXT NOT NULL,
  password_hash TEXT,
  user_type TEXT,
  appservice_id TEXT,
  consent_version TEXT,
  consent_ts BIGINT,
  created_ts BIGINT NOT NULL,
  is_admin SMALLINT NOT NULL DEFAULT 0,
  is_guest SMALLINT NOT NULL DEFAULT 0,
  is_deactivated SMALLINT NOT NULL DEFAULT 0,
  is_erased SMALLINT NOT NULL DEFAULT 0,
  is_locked SMALLINT NOT NULL DEFAULT 0,
  is_suspended SMALLINT NOT NULL DEFAULT 0,
  is_shadow_banned SMALLINT NOT NULL DEFAULT 0,
  is_approved SMALLINT NOT NULL DEFAULT 1,
  CONSTRAINT users_pkey PRIMARY KEY (user_id)
);

CREATE INDEX access_tokens_by_session ON access_tokens USING btree (session_id);

CREATE INDEX account_data_by_position ON account_data USING btree (user_id, "position");

CREATE INDEX device_connections_by_last_seen ON device_connections USING btree (last_seen_ts);

CREATE INDEX device_list_changes_by_position ON device_list_changes USING btree (visible_to, "position");

CREATE INDEX devices_by_last_seen ON devices USING btree (last_seen_ts);

CREATE INDEX directory_tokens_by_user ON directory_tokens USING btree (user_id);

CREATE INDEX events_by_depth ON events USING btree (room_nid, depth, "position");

CREATE INDEX events_by_position ON events USING btree (room_nid, "position");

CREATE INDEX hierarchy_sessions_by_expiry ON hierarchy_sessions USING btree (expires_ts);

CREATE INDEX key_signatures_by_signer ON key_signatures USING btree (signer_id, signer_key);

CREATE INDEX login_tokens_by_expiry ON login_tokens USING btree (expires_ts);

CREATE INDEX media_by_access ON media USING btree (last_access_ts);

CREATE INDEX media_by_hash ON media USING btree (sha256);

CREATE INDEX media_by_user ON media USING btree (user_id, created_ts, media_id);

CREATE INDEX media_pending ON media USING btree (expires_ts) WHERE (state = 'pending'::text);

CREATE INDEX memberships_by_user ON memberships USING btree (user_id, membership);

CREATE INDEX notified_audiences_by_hash ON notified_audiences USING btree (room_nid, hash);

CREATE INDEX notified_events_with_highlight ON notified_events USING btree (room_nid, "position") WHERE (highlight = 1);

CREATE INDEX notified_users_by_event ON notified_users USING btree (room_nid, "position");

CREATE INDEX notified_users_by_position ON notified_users USING btree (user_id, "position");

CREATE INDEX one_time_keys_by_order ON one_time_keys USING btree (user_id, device_id, algorithm, upload_order) WHERE (claimed_ts IS NULL);

CREATE INDEX openid_tokens_by_expiry ON openid_tokens USING btree (expires_ts);

CREATE INDEX pushers_by_user ON pushers USING btree (user_id);

CREATE INDEX receipts_by_position ON receipts USING btree (room_nid, "position");

CREATE INDEX redactions_by_target ON redactions USING btree (redacts);

CREATE INDEX refresh_tokens_by_session ON refresh_tokens USING btree (session_id);

CREATE INDEX relations_by_parent ON relations USING btree (room_nid, parent_id, rel_type, depth, "position");

CREATE INDEX relations_by_sender ON relations USING btree (room_nid, parent_id, rel_type, sender);

CREATE INDEX reports_by_kind ON reports USING btree (kind, report_id);

CREATE INDEX room_aliases_by_room ON room_aliases USING btree (room_nid);

CREATE INDEX room_summaries_published ON room_summaries USING btree (joined_count, room_nid) WHERE (is_published = 1);

CREATE INDEX search_words_by_word ON search_words USING gin (words);

CREATE INDEX sessions_by_user ON sessions USING btree (user_id, device_id);

CREATE INDEX state_deltas_by_room ON state_deltas USING btree (room_nid, "position");

CREATE INDEX state_deltas_vanished ON state_deltas USING btree (state_key, "position") WHERE (event_nid IS NULL);

CREATE INDEX threads_by_activity ON threads USING btree (room_nid, latest_depth, latest_position);

CREATE INDEX to_device_transactions_by_age ON to_device_transactions USING btree (created_ts);

CREATE INDEX uia_sessions_by_creation ON uia_sessions USING btree (created_ts);

CREATE INDEX users_by_creation ON users USING btree (created_ts);

CREATE INDEX users_by_localpart ON users USING btree (folded_localpart);
