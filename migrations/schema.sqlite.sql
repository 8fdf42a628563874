CREATE TABLE access_tokens (
      token_hash BLOB not null primary key,
      session_id INTEGER not null,
      refreshed_from BLOB,
      is_used smallint not null,
      created_ts INTEGER not null,
      expires_ts INTEGER
    ) WITHOUT ROWID;

CREATE INDEX access_tokens_by_session on access_tokens (session_id);

CREATE TABLE account_data (
        user_id text not null,
        room_id text not null,
        type text not null,
        content text not null,
        position INTEGER not null,
        primary key (user_id, room_id, type)
      );

CREATE INDEX account_data_by_position on account_data (user_id, position);

CREATE TABLE backward_extremities (
      room_nid INTEGER not null,
      event_id text not null,
      primary key (room_nid, event_id)
    )WITHOUT ROWID;

CREATE TABLE cross_signing_keys (
      user_id text not null,
      usage text not null,
      public_key text not null,
      key_json text not null,
      primary key (user_id, usage)
    );

CREATE TABLE cross_signing_resets (
      user_id text not null primary key,
      allowed_until_ts INTEGER not null
    );

CREATE TABLE dehydrated_devices (
      user_id text not null primary key,
      device_id text not null,
      device_data text not null
    );

CREATE TABLE device_connections (
      user_id text not null,
      device_id text not null,
      ip text not null,
      user_agent text not null,
      last_seen_ts INTEGER not null,
      primary key (user_id, device_id, ip, user_agent)
    ) WITHOUT ROWID;

CREATE INDEX device_connections_by_last_seen on device_connections (last_seen_ts);

CREATE TABLE device_keys (
      user_id text not null,
      device_id text not null,
      key_json text not null,
      primary key (user_id, device_id)
    );

CREATE TABLE device_list_changes (
      user_id text not null,
      visible_to text not null,
      position INTEGER not null,
      primary key (user_id, visible_to)
    )WITHOUT ROWID;

CREATE INDEX device_list_changes_by_position on device_list_changes (visible_to, position);

CREATE TABLE devices (
      user_id text not null,
      device_id text not null,
      display_name text,
      created_ts INTEGER not null,
      last_seen_ts INTEGER,
      last_seen_ip text,
      last_seen_user_agent text,
      is_hidden smallint not null default 0,
      primary key (user_id, device_id)
    ) WITHOUT ROWID;

CREATE INDEX devices_by_last_seen on devices (last_seen_ts);

CREATE TABLE directory_tokens (
        token text not null,
        user_id text not null,
        primary key (token, user_id)
      )WITHOUT ROWID;

CREATE INDEX directory_tokens_by_user on directory_tokens (user_id);

CREATE TABLE directory_users (
        user_id text primary key,
        display_name text,
        avatar_url text,
        name_key text not null,
        localpart_key text not null,
        is_local smallint not null,
        is_deactivated smallint not null,
        is_locked smallint not null,
        is_excluded smallint not null
      );

CREATE TABLE event_transactions (
      user_id text not null,
      device_id text not null,
      room_nid INTEGER not null,
      operation text not null,
      txn_id text not null,
      event_nid INTEGER not null,
      sent_ts INTEGER not null,
      constraint event_transactions_by_request primary key (user_id, device_id, room_nid, operation, txn_id)
    )WITHOUT ROWID;

CREATE TABLE events (
      event_nid INTEGER PRIMARY KEY,
      event_id text not null unique,
      room_nid INTEGER not null,
      position INTEGER,
      depth INTEGER not null,
      type text not null,
      state_key text,
      sender text not null,
      origin_server_ts INTEGER not null,
      status smallint not null,
      state_before BLOB,
      state_after BLOB,
      redacted_by text,
      content text not null,
      rest text not null,
      unsigned text
    , auth_rank INTEGER);

CREATE INDEX events_by_depth on events (room_nid, depth, position);

CREATE INDEX events_by_position on events (room_nid, position);

CREATE TABLE fallback_keys (
      user_id text not null,
      device_id text not null,
      algorithm text not null,
      key_id text not null,
      key_json text not null,
      is_used smallint not null,
      primary key (user_id, device_id, algorithm)
    )WITHOUT ROWID;

CREATE TABLE filters (
        user_id text not null,
        filter_id INTEGER not null,
        content_hash text not null,
        content text not null,
        primary key (user_id, filter_id),
        unique (user_id, content_hash)
      );

CREATE TABLE forward_extremities (
      room_nid INTEGER not null,
      event_nid INTEGER not null,
      primary key (room_nid, event_nid)
    )WITHOUT ROWID;

CREATE TABLE hierarchy_sessions (
        token text primary key,
        user_id text not null,
        room_id text not null,
        is_suggested_only smallint not null,
        max_depth INTEGER not null,
        walk text not null,
        expires_ts INTEGER not null
      );

CREATE INDEX hierarchy_sessions_by_expiry on hierarchy_sessions (expires_ts);

CREATE TABLE key_backup_sessions (
      user_id text not null,
      version INTEGER not null,
      room_id text not null,
      session_id text not null,
      first_message_index INTEGER not null,
      forwarded_count INTEGER not null,
      is_verified smallint not null,
      session_data text not null,
      primary key (user_id, version, room_id, session_id)
    );

CREATE TABLE key_backups (
      user_id text not null,
      version INTEGER not null,
      algorithm text not null,
      auth_data text not null,
      etag INTEGER not null,
      key_count INTEGER not null,
      is_deleted smallint not null,
      primary key (user_id, version)
    );

CREATE TABLE key_signatures (
      user_id text not null,
      key_name text not null,
      signer_id text not null,
      signer_key text not null,
      signature text not null,
      primary key (user_id, key_name, signer_id, signer_key)
    )WITHOUT ROWID;

CREATE INDEX key_signatures_by_signer on key_signatures (signer_id, signer_key);

CREATE TABLE login_tokens (
      token_hash BLOB not null primary key,
      user_id text not null,
      expires_ts INTEGER not null
    ) WITHOUT ROWID;

CREATE INDEX login_tokens_by_expiry on login_tokens (expires_ts);

CREATE TABLE media (
      media_id text not null primary key,
      file_id text not null unique,
      user_id text not null,
      state text not null,
      type text,
      size INTEGER,
      upload_name text,
      sha256 text,
      created_ts INTEGER not null,
      expires_ts INTEGER,
      last_access_ts INTEGER not null,
      authenticated smallint not null,
      quarantined_by text,
      is_protected smallint not null default 0
    );

CREATE INDEX media_by_access on media (last_access_ts);

CREATE INDEX media_by_hash on media (sha256);

CREATE INDEX media_by_user on media (user_id, created_ts, media_id);

CREATE INDEX media_pending on media (expires_ts) where state = 'pending';

CREATE TABLE media_quarantine_changes (
      change_id INTEGER PRIMARY KEY,
      origin text,
      media_id text not null,
      is_quarantined smallint not null,
      created_ts INTEGER not null
    );

CREATE TABLE media_quarantined_hashes (
      sha256 text not null primary key,
      quarantined_by text not null,
      created_ts INTEGER not null
    );

CREATE TABLE media_thumbnails (
      file_id text not null,
      width INTEGER not null,
      height INTEGER not null,
      method text not null,
      animated smallint not null,
      type text not null,
      size INTEGER not null,
      primary key (file_id, width, height, method, animated)
    )WITHOUT ROWID;

CREATE TABLE memberships (
      room_nid INTEGER not null,
      user_id text not null,
      membership text not null,
      sender text not null,
      event_nid INTEGER not null,
      position INTEGER not null,
      display_name text,
      avatar_url text,
      is_local smallint not null,
      is_forgotten smallint not null default 0,
      stripped_state text,
      primary key (room_nid, user_id)
    )WITHOUT ROWID;

CREATE INDEX memberships_by_user on memberships (user_id, membership);

CREATE TABLE notified_audiences (
      audience_nid INTEGER PRIMARY KEY,
      room_nid INTEGER not null,
      hash text not null,
      content text not null
    );

CREATE INDEX notified_audiences_by_hash on notified_audiences (room_nid, hash);

CREATE TABLE notified_events (
      room_nid INTEGER not null,
      position INTEGER not null,
      event_nid INTEGER not null,
      sender text not null,
      thread text not null,
      audience_nid INTEGER not null,
      highlight smallint not null,
      primary key (room_nid, position)
    )WITHOUT ROWID;

CREATE INDEX notified_events_with_highlight on notified_events (room_nid, position) where highlight = 1;

CREATE TABLE notified_users (
      user_id text not null,
      room_nid INTEGER not null,
      position INTEGER not null,
      event_nid INTEGER not null,
      thread text not null,
      audience_nid INTEGER,
      highlight smallint not null,
      actions text not null,
      primary key (user_id, room_nid, position)
    )WITHOUT ROWID;

CREATE INDEX notified_users_by_event on notified_users (room_nid, position);

CREATE INDEX notified_users_by_position on notified_users (user_id, position);

CREATE TABLE one_time_keys (
      user_id text not null,
      device_id text not null,
      algorithm text not null,
      key_id text not null,
      upload_order INTEGER not null,
      key_json text not null, claimed_ts INTEGER,
      primary key (user_id, device_id, algorithm, key_id)
    )WITHOUT ROWID;

CREATE INDEX one_time_keys_by_order on one_time_keys (user_id, device_id, algorithm, upload_order) where claimed_ts is null;

CREATE TABLE openid_tokens (
      token_hash BLOB not null primary key,
      user_id text not null,
      expires_ts INTEGER not null
    ) WITHOUT ROWID;

CREATE INDEX openid_tokens_by_expiry on openid_tokens (expires_ts);

CREATE TABLE presence (
      user_id text primary key,
      presence text not null,
      status_msg text,
      last_active_ts INTEGER not null
    )WITHOUT ROWID;

CREATE TABLE profile_propagations (
        user_id text primary key,
        fields text not null,
        revision INTEGER not null
      );

CREATE TABLE profiles (
        user_id text primary key,
        display_name text,
        avatar_url text,
        fields text not null,
        revision INTEGER not null
      );

CREATE TABLE published_networks (
        network text not null,
        room_nid INTEGER not null,
        primary key (network, room_nid)
      )WITHOUT ROWID;

CREATE TABLE push_rule_changes (
      user_id text not null,
      kind text not null,
      rule_id text not null,
      enabled smallint,
      actions text,
      primary key (user_id, kind, rule_id)
    )WITHOUT ROWID;

CREATE TABLE push_rule_positions (
      user_id text primary key,
      position INTEGER not null
    )WITHOUT ROWID;

CREATE TABLE push_rules (
      user_id text not null,
      kind text not null,
      rule_id text not null,
      place INTEGER not null,
      enabled smallint not null,
      actions text not null,
      conditions text not null,
      pattern text,
      primary key (user_id, kind, rule_id)
    )WITHOUT ROWID;

CREATE TABLE pushers (
      pusher_id INTEGER PRIMARY KEY,
      user_id text not null,
      app_id text not null,
      pushkey text not null,
      kind text not null,
      app_display_name text not null,
      device_display_name text not null,
      profile_tag text,
      lang text not null,
      data text not null,
      enabled smallint not null,
      device_id text,
      session_id INTEGER,
      created_ts INTEGER not null,
      unique (app_id, pushkey, user_id)
    );

CREATE INDEX pushers_by_user on pushers (user_id);

CREATE TABLE read_marks (
      user_id text not null,
      room_nid INTEGER not null,
      thread text not null,
      position INTEGER not null,
      primary key (user_id, room_nid, thread)
    )WITHOUT ROWID;

CREATE TABLE receipts (
      room_nid INTEGER not null,
      user_id text not null,
      receipt_type text not null,
      thread_id text not null,
      event_id text not null,
      event_position INTEGER not null,
      ts INTEGER not null,
      position INTEGER not null,
      primary key (room_nid, user_id, receipt_type, thread_id)
    )WITHOUT ROWID;

CREATE INDEX receipts_by_position on receipts (room_nid, position);

CREATE TABLE redactions (
      event_nid INTEGER PRIMARY KEY,
      room_nid INTEGER not null,
      redacts text not null
    );

CREATE INDEX redactions_by_target on redactions (redacts);

CREATE TABLE refresh_tokens (
      token_hash BLOB not null primary key,
      session_id INTEGER not null,
      refreshed_from BLOB,
      created_ts INTEGER not null,
      expires_ts INTEGER
    ) WITHOUT ROWID;

CREATE INDEX refresh_tokens_by_session on refresh_tokens (session_id);

CREATE TABLE registration_tokens (
      token text not null primary key,
      uses_allowed integer,
      pending integer not null default 0,
      completed integer not null default 0,
      expires_ts INTEGER
    ) WITHOUT ROWID;

CREATE TABLE relations (
      event_nid INTEGER PRIMARY KEY,
      room_nid INTEGER not null,
      parent_id text not null,
      rel_type text not null,
      annotation_key text,
      type text not null,
      sender text not null,
      depth INTEGER not null,
      position INTEGER not null
    );

CREATE INDEX relations_by_parent on relations (room_nid, parent_id, rel_type, depth, position);

CREATE INDEX relations_by_sender on relations (room_nid, parent_id, rel_type, sender);

CREATE TABLE reports (
        report_id INTEGER PRIMARY KEY,
        kind text not null,
        received_ts INTEGER not null,
        reporter text not null,
        room_id text,
        event_id text,
        target_user_id text,
        reason text,
        score INTEGER
      );

CREATE INDEX reports_by_kind on reports (kind, report_id);

CREATE TABLE room_aliases (
        alias text primary key,
        room_nid INTEGER not null,
        creator text not null,
        created_ts INTEGER not null
      );

CREATE INDEX room_aliases_by_room on room_aliases (room_nid);

CREATE TABLE room_summaries (
        room_nid INTEGER PRIMARY KEY,
        name text,
        topic text,
        canonical_alias text,
        avatar_url text,
        joined_count INTEGER not null,
        join_rule text,
        allowed_room_ids text,
        guest_access text,
        history_visibility text,
        room_type text,
        encryption text,
        is_federatable smallint not null,
        is_published smallint not null,
        search_text text not null
      );

CREATE INDEX room_summaries_published on room_summaries (joined_count, room_nid) where is_published = 1;

CREATE TABLE rooms (
      room_nid INTEGER PRIMARY KEY,
      room_id text not null unique,
      version text not null,
      current_root BLOB
    );

CREATE TABLE schema_info (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 0),
  version INTEGER NOT NULL,
  lowest_compatible INTEGER NOT NULL
);

CREATE TABLE schema_migrations (
  position INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  applied_at INTEGER NOT NULL
);

CREATE TABLE search_pending (
      event_nid INTEGER PRIMARY KEY
    );

CREATE VIRTUAL TABLE search_words using fts5 (room, words, content = '', contentless_delete = 1,
        tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co Cn'");

CREATE TABLE 'search_words_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'search_words_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'search_words_docsize'(id INTEGER PRIMARY KEY, sz BLOB, origin INTEGER);

CREATE TABLE 'search_words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE TABLE sequences (
  name TEXT NOT NULL PRIMARY KEY,
  reserved INTEGER NOT NULL
);

CREATE TABLE sessions (
      session_id INTEGER PRIMARY KEY,
      user_id text not null,
      device_id text,
      created_ts INTEGER not null,
      authenticated_ts INTEGER not null,
      expires_ts INTEGER,
      puppeted_by text
    );

CREATE INDEX sessions_by_user on sessions (user_id, device_id);

CREATE TABLE space_children (
        room_nid INTEGER not null,
        child_room_id text not null,
        event_nid INTEGER not null,
        sort_order text,
        is_suggested smallint not null,
        content text not null,
        sender text not null,
        origin_server_ts INTEGER not null,
        primary key (room_nid, child_room_id)
      );

CREATE TABLE state_auth_edges (
      auth_nid INTEGER not null,
      event_nid INTEGER not null,
      primary key (auth_nid, event_nid)
    )WITHOUT ROWID;

CREATE TABLE state_deltas (
      position INTEGER PRIMARY KEY,
      room_nid INTEGER not null,
      state_key_nid INTEGER not null,
      type text not null,
      state_key text not null,
      event_nid INTEGER,
      previous_event_nid INTEGER
    );

CREATE INDEX state_deltas_by_room on state_deltas (room_nid, position);

CREATE INDEX state_deltas_vanished on state_deltas (state_key, position) where event_nid is null;

CREATE TABLE state_keys (
      state_key_nid INTEGER PRIMARY KEY,
      type text not null,
      state_key text not null,
      unique (type, state_key)
    );

CREATE TABLE state_nodes (
      room_nid INTEGER not null,
      hash BLOB not null,
      body BLOB not null,
      primary key (room_nid, hash)
    )WITHOUT ROWID;

CREATE TABLE threads (
      room_nid INTEGER not null,
      root_id text not null,
      reply_count INTEGER not null,
      latest_depth INTEGER not null,
      latest_position INTEGER not null,
      primary key (room_nid, root_id)
    )WITHOUT ROWID;

CREATE INDEX threads_by_activity on threads (room_nid, latest_depth, latest_position);

CREATE TABLE to_device_messages (
      user_id text not null,
      device_id text not null,
      position INTEGER not null,
      message text not null,
      primary key (user_id, device_id, position)
    );

CREATE TABLE to_device_transactions (
      user_id text not null,
      device_id text not null,
      event_type text not null,
      txn_id text not null,
      created_ts INTEGER not null,
      primary key (user_id, device_id, event_type, txn_id)
    )WITHOUT ROWID;

CREATE INDEX to_device_transactions_by_age on to_device_transactions (created_ts);

CREATE TABLE uia_sessions (
      session_id text not null primary key,
      method text not null,
      path text not null,
      user_id text,
      body text not null,
      secret text,
      outcome text,
      created_ts INTEGER not null
    ) WITHOUT ROWID;

CREATE INDEX uia_sessions_by_creation on uia_sessions (created_ts);

CREATE TABLE uia_stages (
      session_id text not null,
      stage text not null,
      result text not null,
      primary key (session_id, stage)
    ) WITHOUT ROWID;

CREATE TABLE user_departures (
      user_id text not null primary key,
      is_erased smallint not null
    ) WITHOUT ROWID;

CREATE TABLE users (
      user_id text not null primary key,
      folded_localpart text not null,
      password_hash text,
      user_type text,
      appservice_id text,
      consent_version text,
      consent_ts INTEGER,
      created_ts INTEGER not null,
      is_admin smallint not null default 0,
      is_guest smallint not null default 0,
      is_deactivated smallint not null default 0,
      is_erased smallint not null default 0,
      is_locked smallint not null default 0,
      is_suspended smallint not null default 0,
      is_shadow_banned smallint not null default 0,
      is_approved smallint not null default 1
    ) WITHOUT ROWID;

CREATE INDEX users_by_creation on users (created_ts);

CREATE INDEX users_by_localpart on users (folded_localpart);
