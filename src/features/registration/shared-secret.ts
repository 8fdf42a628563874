import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import { forbidden, MatrixError } from '#protocol/errors.ts';

const NONCE_LIFETIME_MS = 60_000;
const MAX_LENGTH = 512;

/** What the secret's holder wants registered. */
export interface SignedRegistration {
  readonly nonce: string;
  readonly username: string;
  readonly password: string;
  readonly admin?: boolean;
  readonly user_type?: string | null;
  readonly mac: string;
}

/**
 * Registration by whoever knows the shared secret, as `register_new_matrix_user` does it. Nonces are kept nowhere: they
 * carry their expiry and a signature, so that any process can check what another one gave out. One that is used twice does
 * no harm, since its request can make the same user only.
 * https://element-hq.github.io/synapse/latest/admin_api/register_api.html
 */
export class SharedSecret {
  constructor(
    private readonly secret: string | undefined,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  nonce(): string {
    const body = `${(this.clock.now() + NONCE_LIFETIME_MS).toString(16).padStart(12, '0')}${this.random.text(20)}`;
    return body + this.#signature(body);
  }

  /** Throws 400 for a nonce that is not in force and for what cannot be signed unambiguously, `M_FORBIDDEN` for a wrong `mac`. */
  check(registration: SignedRegistration): void {
    const { nonce, username, password, admin, user_type: userType, mac } = registration;
    if (!this.#isInForce(nonce)) throw refused('Unrecognised nonce');
    for (const [name, value] of Object.entries({ username, password })) {
      if (value === '' || value.length > MAX_LENGTH || value.includes('\0')) throw refused(`Invalid ${name}`);
    }
    const parts = [nonce, username, password, admin ? 'admin' : 'notadmin', ...(userType ? [userType] : [])];
    const expected = createHmac('sha1', this.#requireSecret()).update(parts.join('\0')).digest('hex');
    if (!equal(expected, mac.toLowerCase())) throw forbidden('HMAC incorrect');
  }

  #isInForce(nonce: string): boolean {
    const body = nonce.slice(0, 32);
    return equal(this.#signature(body), nonce.slice(32)) && Number.parseInt(body.slice(0, 12), 16) > this.clock.now();
  }

  #signature(body: string): string {
    return createHmac('sha256', this.#requireSecret()).update(`registration nonce\0${body}`).digest('hex');
  }

  #requireSecret(): string {
    if (this.secret === undefined) throw refused('Shared secret registration is not enabled');
    return this.secret;
  }
}

const refused = (message: string): MatrixError => new MatrixError('M_UNKNOWN', message, { status: 400 });

function equal(expected: string, given: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}
