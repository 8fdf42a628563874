import { ChangeCache, type StreamPosition, type Streams } from '#platform/streams/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { type CompiledRules, compileRuleSet, type PushRuleDefaults } from '#protocol/push-rules/index.ts';
import type { PushRuleStore, StoredRules } from './push-rule-store.ts';

/** A user's rules as stored, and ready to be evaluated. */
export interface UserPushRules extends StoredRules {
  readonly compiled: CompiledRules;
}

/** Users whose rules are kept in memory at most. */
const USERS_MAX = 50_000;

/** The rules of users, kept in memory: every event asks for those of all members of its room. */
export class UserPushRulesCache {
  /** Longest known first. Users without rules of their own share one value. */
  readonly #known = new Map<UserId, UserPushRules>();
  readonly #changes: ChangeCache<UserId>;
  readonly #none: UserPushRules;

  constructor(
    private readonly store: PushRuleStore,
    private readonly defaults: PushRuleDefaults,
    private readonly streams: Pick<Streams, 'current'>,
  ) {
    this.#changes = new ChangeCache(streams.current(), USERS_MAX);
    this.#none = { rules: [], changes: [], position: 0, compiled: defaults.compiled };
  }

  /** At once, if in memory. */
  peek(userId: UserId): UserPushRules | undefined {
    return this.#known.get(userId);
  }

  async of(userId: UserId): Promise<UserPushRules> {
    return this.peek(userId) ?? (await this.load([userId])).get(userId)!;
  }

  /** Those of each of the users, read in a few queries however many they are. */
  async load(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, UserPushRules>> {
    const loaded = new Map<UserId, UserPushRules>();
    let missing = userIds;
    while (missing.length > 0) {
      const since = this.streams.current();
      const stored = await this.store.load(missing);
      const outdated: UserId[] = [];
      for (const userId of missing) {
        // What changed while it was read is read again.
        if (this.#changes.hasChanged(userId, since)) outdated.push(userId);
        else loaded.set(userId, this.#remember(userId, stored.get(userId)));
      }
      missing = outdated;
    }
    return loaded;
  }

  /** Once a change is durable. */
  changed(userId: UserId, position: StreamPosition): void {
    this.#changes.changed(userId, position);
    this.#known.delete(userId);
  }

  /** After another writer got in first. */
  forget(userId: UserId): void {
    this.#known.delete(userId);
  }

  /** Whether the user's rules may have changed after `since`. */
  mayHaveChanged(userId: UserId, since: StreamPosition): boolean {
    return this.#changes.hasChanged(userId, since);
  }

  #remember(userId: UserId, stored: StoredRules | undefined): UserPushRules {
    const rules: UserPushRules =
      stored === undefined
        ? this.#none
        : {
            ...stored,
            compiled: compileRuleSet(
              this.defaults,
              stored.rules.map(({ rule }) => rule),
              stored.changes,
            ),
          };
    this.#known.set(userId, rules);
    if (this.#known.size > USERS_MAX) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    return rules;
  }
}
