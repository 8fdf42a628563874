/** The tables of `dehydrated-devices`. */
export interface DehydratedDeviceTables {
  /** At most one a user. Its keys and messages are kept as those of any device. */
  dehydrated_devices: {
    user_id: string;
    device_id: string;
    /** JSON, encrypted by the client. */
    device_data: string;
  };
}
