import type { PasswordConfig } from '#platform/config/index.ts';
import type { Random } from '#platform/random/index.ts';
import { hashPassword, isOutdatedHash, verifyPassword } from '#platform/runtime/password.ts';
import { checkPasswordPolicy, MAX_PASSWORD_LENGTH } from './password-policy.ts';

/** Hashes and verifies passwords: Unicode-normalised, so that every keyboard gives the same one, and peppered. */
export class Passwords {
  #decoy: Promise<string> | undefined;

  constructor(
    private readonly config: Pick<PasswordConfig, 'pepper' | 'policy'>,
    private readonly random: Random,
  ) {}

  /** Throws the `M_WEAK_PASSWORD` family. */
  check(password: string): void {
    checkPasswordPolicy(password, this.config.policy);
  }

  hash(password: string): Promise<string> {
    return hashPassword(this.#prepare(password));
  }

  /** Takes as long where there is no hash, so that answers do not tell whether an account exists. */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    if (password === '' || password.length > MAX_PASSWORD_LENGTH) return false;
    this.#decoy ??= hashPassword(this.random.text(16));
    const matches = await verifyPassword(this.#prepare(password), hash ?? (await this.#decoy));
    return matches && hash !== undefined;
  }

  isOutdated(hash: string): boolean {
    return isOutdatedHash(hash);
  }

  #prepare(password: string): string {
    return password.normalize('NFKC') + this.config.pepper;
  }
}
