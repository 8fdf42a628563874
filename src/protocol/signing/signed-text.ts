import { type SigningKey, signBytes } from './signing-key.ts';

/** Of a signature: 64 bytes as unpadded base64. */
export const SIGNATURE_LENGTH = 86;

/**
 * A text with an Ed25519 signature in it, which is made when the text is first asked for: on the thread that needs it. A
 * signature follows from key and message alone, so whoever asks gets the same text.
 */
export class SignedText {
  #text: string | undefined;

  constructor(
    readonly key: SigningKey,
    /** What is signed. */
    readonly message: string,
    /** The text before the signature. */
    readonly before: string,
    /** The text after it. */
    readonly after: string,
  ) {}

  get text(): string {
    this.#text ??= this.before + signBytes(this.key, this.message) + this.after;
    return this.#text;
  }

  /** Of the text, in UTF-16 units. */
  get length(): number {
    return this.before.length + SIGNATURE_LENGTH + this.after.length;
  }
}
