/** The tables of `e2e-keys`. */
export interface E2eKeysTables {
  /** The identity keys of a device, as uploaded but for `unsigned`. */
  device_keys: { user_id: string; device_id: string; key_json: string };
  one_time_keys: {
    user_id: string;
    device_id: string;
    algorithm: string;
    key_id: string;
    /** Grows from upload to upload: keys are given out in this order. */
    upload_order: number;
    /** Canonical JSON, so that equal keys are equal texts. */
    key_json: string;
  };
  fallback_keys: {
    user_id: string;
    device_id: string;
    algorithm: string;
    key_id: string;
    key_json: string;
    /** 1 once it has been given out. */
    is_used: number;
  };
}
