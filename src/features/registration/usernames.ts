import type { AppserviceDirectory, AppserviceIdentity, UserStore } from '#accounts/index.ts';
import type { RegistrationConfig } from '#platform/config/index.ts';
import type { Random } from '#platform/random/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import {
  parseNewUserLocalpart,
  parseUserId,
  type ServerName,
  type UserId,
  userId,
} from '#protocol/identifiers/index.ts';

export interface UsernamesDeps {
  readonly serverName: ServerName;
  readonly users: UserStore;
  readonly appservices: AppserviceDirectory;
  readonly random: Random;
  readonly config: Pick<RegistrationConfig, 'allowUnderscorePrefix'>;
}

const GENERATED_LENGTH = 12;
const GUEST_DIGITS = 12;
const ATTEMPTS = 10;

/** Which names new users may have. */
export class Usernames {
  readonly #deps: UsernamesDeps;

  constructor(deps: UsernamesDeps) {
    this.#deps = deps;
  }

  /**
   * The user id for a name that a person has chosen, in lower case. Throws `M_INVALID_USERNAME`, and `M_EXCLUSIVE` where an
   * appservice claims it.
   */
  parse(username: string): UserId {
    const localpart = username.toLowerCase();
    if (localpart.startsWith('_') && !this.#deps.config.allowUnderscorePrefix) {
      throw invalid('A user id may not begin with _');
    }
    if (/^[0-9]+$/.test(localpart)) throw invalid('Numeric user ids are reserved for guests');
    const id = this.#toUserId(localpart);
    if (this.#deps.appservices.exclusiveOwner(id) !== undefined) throw exclusive();
    return id;
  }

  /** The user id for a name that an appservice has chosen. Throws as `parse`. */
  parseForAppservice(localpart: string, appservice: AppserviceIdentity): UserId {
    const id = this.#toUserId(localpart);
    const owner = this.#deps.appservices.exclusiveOwner(id);
    if (!appservice.isInterestedInUser(id) || (owner !== undefined && owner.id !== appservice.id)) throw exclusive();
    return id;
  }

  /** Throws `M_USER_IN_USE`, also for a name that differs from a taken one in case only. */
  async refuseTaken(id: UserId): Promise<void> {
    if (await this.#isTaken(id)) throw new MatrixError('M_USER_IN_USE', 'The user id is already taken');
  }

  /** A free name for somebody who has not chosen any. */
  generate(): Promise<UserId> {
    // The first character is a letter: all-numeric names are the guests'.
    return this.#firstFree(() => `u${this.#deps.random.text(GENERATED_LENGTH).toLowerCase()}`);
  }

  generateForGuest(): Promise<UserId> {
    const digit = () => String(Math.floor(this.#deps.random.number() * 10));
    return this.#firstFree(() => Array.from({ length: GUEST_DIGITS }, digit).join(''));
  }

  async #firstFree(localpart: () => string): Promise<UserId> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const id = userId(localpart(), this.#deps.serverName);
      if (!(await this.#isTaken(id)) && this.#deps.appservices.exclusiveOwner(id) === undefined) return id;
    }
    throw new Error('no free user id found');
  }

  async #isTaken(id: UserId): Promise<boolean> {
    const { users } = this.#deps;
    return (await users.findByFoldedLocalpart(id.slice(1, id.indexOf(':')))).length > 0;
  }

  #toUserId(localpart: string): UserId {
    if (parseNewUserLocalpart(localpart) === undefined) {
      throw invalid('A user id may only contain the characters a-z, 0-9 and ._=-/+');
    }
    const id = parseUserId(userId(localpart, this.#deps.serverName));
    if (id === undefined) throw invalid('A user id may have at most 255 characters');
    return id;
  }
}

const invalid = (message: string): MatrixError => new MatrixError('M_INVALID_USERNAME', message);

const exclusive = (): MatrixError =>
  new MatrixError('M_EXCLUSIVE', 'The user id is in a namespace of an application service');
