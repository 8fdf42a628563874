import { isIP } from 'node:net';

/**
 * The client's address as a proxy tells it: the first of the last `X-Forwarded-For` header, as Synapse has it. Undefined when
 * there is none or it is no address.
 */
export function forwardedAddress(headers: Headers): string | undefined {
  const first = headers.get('x-forwarded-for')?.split(',')[0]?.trim();
  if (first === undefined) return undefined;
  const bare = first.replace(/^\[(.*)\](?::\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  return isIP(bare) === 0 ? undefined : plainAddress(bare);
}

/** IPv4 addresses that came over an IPv6 socket, as IPv4. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
