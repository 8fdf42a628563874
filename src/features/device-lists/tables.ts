/** The tables of `device-lists`. */
export interface DeviceListTables {
  /** The last change of a user's devices or cross-signing keys: a row a user, and one for each observer of a private change. */
  device_list_changes: {
    user_id: string;
    /** Empty: everybody who shares a room with the user. Else the one user who sees the change. */
    visible_to: string;
    position: number;
  };
}
