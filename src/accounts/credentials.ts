import type { RateLimits } from '#platform/http/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import {
  localpartOf,
  parseUserId,
  type ServerName,
  serverNameOf,
  type UserId,
  userId,
} from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';
import type { Account } from './account.ts';
import { userDeactivated, wrongCredentials } from './errors.ts';
import type { Passwords } from './passwords.ts';
import type { UserStore } from './user-store.ts';

export interface CredentialsDeps {
  readonly serverName: ServerName;
  readonly users: UserStore;
  readonly passwords: Passwords;
  readonly streams: Streams;
  readonly rateLimits: Pick<RateLimits, 'limiter'>;
}

/** A user as a person names themselves, before any proof. */
export interface ClaimedUser {
  /** Who is meant, whether or not there is such a user; `undefined` for what can be no user of this server. */
  readonly userId: UserId | undefined;
  readonly account: Account | undefined;
}

/** Finds whom a login means, and checks their password. */
export class Credentials {
  readonly #deps: CredentialsDeps;

  constructor(deps: CredentialsDeps) {
    this.#deps = deps;
  }

  /**
   * Whom an `identifier`, or the older `user` key, names: a user id or a localpart, in the wrong case too where only one
   * user fits. https://spec.matrix.org/v1.19/client-server-api/#identifier-types
   */
  async claimedUser(data: JsonObject): Promise<ClaimedUser> {
    const named = claimedName(data);
    if (named === undefined) return { userId: undefined, account: undefined };
    const claimed = this.#toUserId(named);
    if (claimed === undefined) return { userId: undefined, account: undefined };
    const { users } = this.#deps;
    const account = await users.find(claimed);
    if (account !== undefined) return { userId: claimed, account };
    const [only, ...others] = await users.findByFoldedLocalpart(localpartOf(claimed));
    if (only === undefined || others.length > 0) return { userId: claimed, account: undefined };
    return { userId: only.userId, account: only };
  }

  /**
   * The account, once the password has been verified. Throws `M_FORBIDDEN` alike for a wrong password and an unknown user,
   * `M_USER_DEACTIVATED`, and `M_LIMIT_EXCEEDED` after too many failures.
   */
  async verifyPassword(claimed: ClaimedUser, password: string, ip: string): Promise<Account> {
    const { passwords, rateLimits } = this.#deps;
    const failures = rateLimits.limiter('rc_login.failed_attempts');
    const key = claimed.userId?.toLowerCase() ?? `ip ${ip}`;
    failures.check(key);
    const { account } = claimed;
    if (account?.isDeactivated) throw userDeactivated();
    if (!(await passwords.verify(password, account?.passwordHash)) || account?.passwordHash === undefined) {
      failures.record(key);
      throw wrongCredentials();
    }
    if (passwords.isOutdated(account.passwordHash)) return this.#rehash(account, account.passwordHash, password);
    return account;
  }

  /** Replaces a hash of an older kind now that the password is known. */
  async #rehash(account: Account, from: string, password: string): Promise<Account> {
    const to = await this.#deps.passwords.hash(password);
    await this.#deps.streams.commit((batch) => {
      batch.add(this.#deps.users.replacePasswordHash(account.userId, from, to));
    });
    return (await this.#deps.users.find(account.userId)) ?? account;
  }

  #toUserId(name: string): UserId | undefined {
    const { serverName } = this.#deps;
    const id = parseUserId(name.startsWith('@') ? name : userId(name, serverName));
    return id !== undefined && serverNameOf(id) === serverName ? id : undefined;
  }
}

/** What an identifier has to have, by its type. https://spec.matrix.org/v1.19/client-server-api/#identifier-types */
const IDENTIFIER_KEYS: Readonly<Record<string, readonly string[] | undefined>> = Object.assign(Object.create(null), {
  'm.id.user': ['user'],
  'm.id.thirdparty': ['medium', 'address'],
  'm.id.phone': ['country', 'phone'],
});

/**
 * Whether a login, or the data of a password stage, says who is meant, by an `identifier` or the older keys. Throws 400
 * `M_UNKNOWN` for an identifier of an unknown type, `M_MISSING_PARAM` for one without what its type needs.
 */
export function namesSomebody(data: JsonObject): boolean {
  const { identifier } = data;
  if (!isJsonObject(identifier)) return data.user !== undefined || data.address !== undefined;
  // An address needs no type: an example of the specification has none.
  const type = identifier.type ?? (identifier.address === undefined ? undefined : 'm.id.thirdparty');
  if (type === undefined) throw missing('type');
  const keys = typeof type === 'string' ? IDENTIFIER_KEYS[type] : undefined;
  if (keys === undefined) throw new MatrixError('M_UNKNOWN', 'Unknown type of identifier', { status: 400 });
  // `number` is what `phone` was called before r0.
  const absent = keys.find((key) => identifier[key] === undefined && !(key === 'phone' && 'number' in identifier));
  if (absent !== undefined) throw missing(absent);
  return true;
}

const missing = (key: string): MatrixError => new MatrixError('M_MISSING_PARAM', `Missing key: 'identifier.${key}'`);

/** The user id or localpart in a login or in the data of a password stage; `undefined` where another kind of identifier stands. */
function claimedName(data: JsonObject): string | undefined {
  const { identifier } = data;
  if (!isJsonObject(identifier)) return text(data.user);
  return identifier.type === 'm.id.user' ? text(identifier.user) : undefined;
}

const text = (value: JsonValue | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
