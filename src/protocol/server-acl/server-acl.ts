import { type ServerName, splitServerName } from '../identifiers/index.ts';
import { isJsonObject } from '../json.ts';
import { compileGlob, type Glob } from '../push-rules/glob.ts';

/** The server ACL of a room, ready to be asked many times. */
export interface CompiledServerAcl {
  readonly allowIpLiterals: boolean;
  readonly deny: HostPatterns;
  readonly allow: HostPatterns;
}

/** Patterns of host names in lower case, sorted by how they are looked up: long lists are mostly of the first two sorts. */
interface HostPatterns {
  readonly any: boolean;
  readonly literals: ReadonlySet<string>;
  /** The `.example.org` of patterns such as `*.example.org`. */
  readonly suffixes: ReadonlySet<string>;
  readonly globs: readonly Glob[];
}

/**
 * Compiles the content of an `m.room.server_acl`. What is malformed counts as absent: an `allow` that is not a list allows
 * nobody, entries that are not strings match nobody, `allow_ip_literals` is `true` unless it is `false`.
 * https://spec.matrix.org/v1.19/client-server-api/#mroomserver_acl
 */
export function compileServerAcl(content: unknown): CompiledServerAcl {
  const acl = isJsonObject(content) ? content : {};
  return {
    allowIpLiterals: acl.allow_ip_literals !== false,
    deny: compilePatterns(acl.deny),
    allow: compilePatterns(acl.allow),
  };
}

/** Whether a server may take part in a room with this ACL; `undefined` if the room has none. Its port does not matter. */
export function isServerAllowed(acl: CompiledServerAcl | undefined, serverName: ServerName): boolean {
  // 1. If there is no m.room.server_acl event in the room state, allow.
  if (acl === undefined) return true;
  const { host, isIpLiteral } = splitServerName(serverName);
  // 2. If the server name is an IP address literal, and allow_ip_literals is present and false, deny.
  if (isIpLiteral && !acl.allowIpLiterals) return false;
  // Patterns see an IPv6 address as it stands in a server name: in brackets.
  const name = (host.includes(':') ? `[${host}]` : host).toLowerCase();
  // 3. If the server name matches an entry in the deny list, deny.
  if (matchesAny(acl.deny, name)) return false;
  // 4. If the server name matches an entry in the allow list, allow.  5. Otherwise, deny.
  return matchesAny(acl.allow, name);
}

function compilePatterns(list: unknown): HostPatterns {
  const patterns = (Array.isArray(list) ? list : []).filter((entry) => typeof entry === 'string');
  const literals = new Set<string>();
  const suffixes = new Set<string>();
  const globs: Glob[] = [];
  let any = false;
  for (const pattern of new Set(patterns.map((entry) => entry.toLowerCase()))) {
    if (pattern === '*') any = true;
    else if (!/[*?]/.test(pattern)) literals.add(pattern);
    else if (/^\*\.[^*?]*$/.test(pattern)) suffixes.add(pattern.slice(1));
    else globs.push(compileGlob(pattern));
  }
  return { any, literals, suffixes, globs };
}

function matchesAny(patterns: HostPatterns, name: string): boolean {
  return (
    patterns.any ||
    patterns.literals.has(name) ||
    endsWithAny(patterns.suffixes, name) ||
    patterns.globs.some((glob) => glob.matches(name))
  );
}

function endsWithAny(suffixes: ReadonlySet<string>, name: string): boolean {
  if (suffixes.size === 0) return false;
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    if (suffixes.has(name.slice(dot))) return true;
  }
  return false;
}
