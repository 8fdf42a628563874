import { createHmac, timingSafeEqual } from 'node:crypto';

/** Links by which one user agrees: whoever has the link may, so it is signed, and told to that user alone. As Synapse's. */
export class ConsentLinks {
  constructor(
    private readonly secret: string,
    private readonly publicBaseurl: string,
  ) {}

  /** The link of a local user, by their localpart. */
  linkOf(localpart: string): string {
    return `${this.publicBaseurl}_matrix/consent?${new URLSearchParams({ u: localpart, h: this.#sign(localpart) })}`;
  }

  /** Whether the signature in a link is that of the name in it. */
  isSigned(name: string, signature: string): boolean {
    const expected = Buffer.from(this.#sign(name));
    const given = Buffer.from(signature);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  #sign(name: string): string {
    return createHmac('sha256', this.secret).update(name).digest('hex');
  }
}
