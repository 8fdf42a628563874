/** Password hashing, on the runtime's own threads: the event loop never waits for it. */

/** OWASP's choice for argon2id: 19 MiB and two passes, about 30 ms of one core. */
const ARGON2ID = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const;

/** What bcrypt looks at; libraries of other servers cut longer passwords here, this runtime would hash them instead. */
const BCRYPT_MAX_BYTES = 72;

/** The argon2id hash of a password that is not empty, as a PHC string with its salt and parameters. */
export function hashPassword(password: string): Promise<string> {
  return Bun.password.hash(password, ARGON2ID);
}

/** Whether `hash` (argon2 or bcrypt, told by its prefix) is of `password`. What is no such hash matches nothing. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  if (password === '') return false;
  try {
    const bytes = new TextEncoder().encode(password);
    return await Bun.password.verify(isBcrypt(hash) ? bytes.subarray(0, BCRYPT_MAX_BYTES) : bytes, hash);
  } catch {
    return false;
  }
}

/** Whether a hash is weaker than what `hashPassword` makes, so that it should be replaced once the password is known. */
export function isOutdatedHash(hash: string): boolean {
  return !hash.startsWith(`$argon2id$v=19$m=${ARGON2ID.memoryCost},t=${ARGON2ID.timeCost},`);
}

const isBcrypt = (hash: string): boolean => hash.startsWith('$2');
