/** The tables of `key-backup`. */
export interface KeyBackupTables {
  key_backups: {
    user_id: string;
    version: number;
    algorithm: string;
    /** JSON. */
    auth_data: string;
    /** Grows with every change of the keys. */
    etag: number;
    key_count: number;
    /** 1: its keys are gone. The row stays, so that its version is never used again. */
    is_deleted: number;
  };
  key_backup_sessions: {
    user_id: string;
    version: number;
    room_id: string;
    session_id: string;
    first_message_index: number;
    forwarded_count: number;
    is_verified: number;
    /** JSON, encrypted by the client. */
    session_data: string;
  };
}
