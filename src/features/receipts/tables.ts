/** The newest receipt of a user, by kind and thread. */
export interface ReceiptRow {
  readonly room_nid: number;
  readonly user_id: string;
  readonly receipt_type: string;
  /** `main`, the event id of a thread's root, or empty: unthreaded. */
  readonly thread_id: string;
  readonly event_id: string;
  /** Of the event, in the stream. */
  readonly event_position: number;
  readonly ts: number;
  /** Of the receipt, in the stream. */
  readonly position: number;
}
