import type { UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';

/** The account data that holds whom a user ignores. https://spec.matrix.org/v1.19/client-server-api/#mignored_user_list */
export const IGNORED_USERS_TYPE = 'm.ignored_user_list';

/** Users whose lists are kept in memory at most. */
const USERS_MAX = 20_000;

const NOBODY: ReadonlySet<string> = new Set();

/** Whom each user ignores, read on every sync and so kept in memory. */
export class IgnoredUsers {
  /** Least recently asked for first; a promise while it is being looked up. */
  readonly #lists = new Map<UserId, ReadonlySet<string> | Promise<ReadonlySet<string>>>();

  constructor(private readonly load: (userId: UserId) => Promise<JsonObject | undefined>) {}

  /** At once, if in memory. */
  peek(userId: UserId): ReadonlySet<string> | undefined {
    const known = this.#lists.get(userId);
    return known instanceof Promise ? undefined : known;
  }

  async of(userId: UserId): Promise<ReadonlySet<string>> {
    const known = this.#lists.get(userId);
    if (known !== undefined) {
      if (this.#lists.size > USERS_MAX / 2) this.#remember(userId, known);
      return known;
    }
    const list = this.load(userId).then((content) => readIgnoredUsers(userId, content));
    this.#remember(userId, list);
    try {
      const ignored = await list;
      // A change committed meanwhile stands.
      if (this.#lists.get(userId) === list) this.#lists.set(userId, ignored);
      return ignored;
    } catch (error) {
      if (this.#lists.get(userId) === list) this.#lists.delete(userId);
      throw error;
    }
  }

  /** After a commit. A look-up under way, which may have read what was there before, is superseded. */
  changed(userId: UserId, content: JsonObject): void {
    this.#remember(userId, readIgnoredUsers(userId, content));
  }

  #remember(userId: UserId, list: ReadonlySet<string> | Promise<ReadonlySet<string>>): void {
    this.#lists.delete(userId);
    this.#lists.set(userId, list);
    if (this.#lists.size <= USERS_MAX) return;
    for (const oldest of this.#lists.keys()) {
      this.#lists.delete(oldest);
      break;
    }
  }
}

/** Nobody ignores themselves, whatever their list says: they would no longer see what they write. */
function readIgnoredUsers(userId: UserId, content: JsonObject | undefined): ReadonlySet<string> {
  const listed = content?.ignored_users;
  const ignored = isJsonObject(listed) ? Object.keys(listed).filter((other) => other !== userId) : [];
  return ignored.length === 0 ? NOBODY : new Set(ignored);
}
