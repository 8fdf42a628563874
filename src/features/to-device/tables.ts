/** The tables of `to-device`. */
export interface ToDeviceTables {
  /** The inboxes of devices. */
  to_device_messages: {
    user_id: string;
    device_id: string;
    position: number;
    /** The event as clients get it, as JSON. */
    message: string;
  };
  /** What has been sent already, by transaction id. */
  to_device_transactions: {
    user_id: string;
    /** Empty for senders without a device. */
    device_id: string;
    event_type: string;
    txn_id: string;
    created_ts: number;
  };
}
