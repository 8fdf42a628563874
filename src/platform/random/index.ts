/** Randomness as a parameter: the system's for real use, a seeded one for simulations. */
import { createHash, randomBytes } from 'node:crypto';

export interface Random {
  /** Unpredictable bytes. */
  bytes(length: number): Uint8Array;
  /** `length` characters of `[A-Za-z0-9]`, each unpredictable. */
  text(length: number): string;
  /** A number in [0, 1), for jitter and sampling. */
  number(): number;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** The largest multiple of the alphabet's length below 256: bytes from there on are drawn again, so that none is favoured. */
const UNBIASED = 248;

function fromBytes(bytes: (length: number) => Uint8Array): Random {
  return {
    bytes,
    text(length) {
      let text = '';
      while (text.length < length) {
        for (const byte of bytes(length - text.length + 8)) {
          if (byte < UNBIASED && text.length < length) text += ALPHABET[byte % ALPHABET.length];
        }
      }
      return text;
    },
    number() {
      return Buffer.from(bytes(4)).readUInt32BE() / 2 ** 32;
    },
  };
}

export const systemRandom: Random = fromBytes((length) => randomBytes(length));

/** The same sequence for the same seed. Never for secrets. */
export function seededRandom(seed: string): Random {
  let counter = 0;
  let pool = Buffer.alloc(0);
  return fromBytes((length) => {
    while (pool.length < length) {
      pool = Buffer.concat([pool, createHash('sha256').update(`${seed}:${counter++}`).digest()]);
    }
    const taken = pool.subarray(0, length);
    pool = pool.subarray(length);
    return taken;
  });
}
