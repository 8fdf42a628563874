/** The tables of `cross-signing`. */
export interface CrossSigningTables {
  cross_signing_keys: {
    user_id: string;
    /** `master`, `self_signing` or `user_signing`. */
    usage: string;
    /** Unpadded base64. */
    public_key: string;
    /** The key as uploaded, with the signatures of its owner. */
    key_json: string;
  };
  /** Users who may replace their keys without proving anew who they are. */
  cross_signing_resets: { user_id: string; allowed_until_ts: number };
  /** Signatures that were uploaded apart from the keys they are on. */
  key_signatures: {
    user_id: string;
    /** A device id of the user, or the public key of a cross-signing key. */
    key_name: string;
    signer_id: string;
    /** `ed25519:` and a device id or public key of the signer. */
    signer_key: string;
    signature: string;
  };
}
