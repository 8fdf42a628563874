import type { ServerName } from './index.ts';
import { MAX_ID_BYTES } from './opaque.ts';

/** A server name taken apart. */
export interface ServerAddress {
  /** A DNS name, an IPv4 address, or an IPv6 address without its brackets. */
  readonly host: string;
  /** As written, 0 to 99999: the grammar bounds the digits, not the value. */
  readonly port?: number;
  readonly isIpLiteral: boolean;
}

const GRAMMAR = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9A-Za-z.-]{1,255}))(?::([0-9]{1,5}))?$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;
const HEX_GROUP = /^[0-9A-Fa-f]{1,4}$/;

/**
 * A server name, or `undefined`. Case is significant.
 * https://spec.matrix.org/v1.19/appendices/#server-name
 */
export function parseServerName(text: string): ServerName | undefined {
  return isServerName(text) ? (text as ServerName) : undefined;
}

/** Takes a server name apart. */
export function splitServerName(name: ServerName): ServerAddress {
  const [, ipv6, hostname = '', port] = GRAMMAR.exec(name) ?? [];
  const address = { host: ipv6 ?? hostname, isIpLiteral: ipv6 !== undefined || IPV4.test(hostname) };
  return port === undefined ? address : { ...address, port: Number(port) };
}

function isServerName(text: string): boolean {
  if (text.length > MAX_ID_BYTES) return false;
  const match = GRAMMAR.exec(text);
  if (match === null) return false;
  return match[1] === undefined || isIpv6(match[1]);
}

/** https://www.rfc-editor.org/rfc/rfc3513#section-2.2 */
function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1);
  let count = groups.length;
  // An IPv4 address may stand for the last two groups.
  if (last?.includes('.')) {
    if (!IPV4.test(last) || text.endsWith('::')) return false;
    groups.pop();
    count += 1;
  }
  if (!groups.every((group) => HEX_GROUP.test(group))) return false;
  return halves.length === 2 ? count < 8 : count === 8;
}
