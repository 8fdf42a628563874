/** The media repository's tables. */

export interface MediaTables {
  /** Media of this server, and ids reserved for media still to be uploaded. */
  media: {
    media_id: string;
    /** Names the file. Not the media id where the id was reserved first: two uploads to one id never share a file. */
    file_id: string;
    /** Who uploaded it. */
    user_id: string;
    /** `pending` until there is content, then `ready`. */
    state: string;
    /** Content type as uploaded; null while pending, as are `size` and `sha256`. */
    type: string | null;
    /** Bytes. */
    size: number | null;
    upload_name: string | null;
    /** Hexadecimal. */
    sha256: string | null;
    created_ts: number;
    /** When a pending id lapses; null once ready. */
    expires_ts: number | null;
    last_access_ts: number;
    /** 1 when only the authenticated endpoints serve it. */
    authenticated: number;
    /** The administrator who quarantined it, or `system` where its hash was quarantined already. */
    quarantined_by: string | null;
    /** 1 when it is never to be quarantined. */
    is_protected: number;
  };
  /** Thumbnails that have been made, by what they were made for. */
  media_thumbnails: {
    file_id: string;
    /** The size that was aimed at, not that of a source smaller than it. */
    width: number;
    height: number;
    method: string;
    animated: number;
    type: string;
    size: number;
  };
  /** Content that is quarantined whoever uploads it. */
  media_quarantined_hashes: { sha256: string; quarantined_by: string; created_ts: number };
  /** Every quarantining and its undoing, in order. */
  media_quarantine_changes: {
    change_id: number;
    /** null for this server's media. */
    origin: string | null;
    media_id: string;
    is_quarantined: number;
    created_ts: number;
  };
}
