import { BatchConflict, type Statement } from '#platform/storage/index.ts';
import type { StreamBatch, StreamPosition, Streams } from '#platform/streams/index.ts';
import { notFound } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import {
  type CompiledRules,
  composeRuleSet,
  type DefaultRuleChange,
  findRule,
  hasDefaultRule,
  type PushAction,
  type PushRule,
  type PushRuleDefaults,
  type PushRuleKind,
  placeRule,
  type RulePlace,
  type RuleSet,
  type UserPushRule,
} from '#protocol/push-rules/index.ts';
import type { PlacedRule, PushRuleStore } from './push-rule-store.ts';
import type { UserPushRules, UserPushRulesCache } from './user-push-rules.ts';

/** `m.push_rules`, as `/sync` shows it among the account data. */
export interface PushRulesEvent {
  readonly type: 'm.push_rules';
  /** The JSON text of `content`. */
  readonly contentText: string;
}

/** Changes of one user's rules at the same time, of which one gets through each time. */
const ATTEMPTS = 20;
/** Between the places of rules put in order anew. */
const GAP = 1024;

const ruleNotFound = () => notFound('The push rule was not found');

/**
 * The push rules of users: read, changed, and ready to be evaluated.
 * https://spec.matrix.org/v1.19/client-server-api/#push-rules
 */
export class PushRules {
  constructor(
    private readonly store: PushRuleStore,
    private readonly cache: UserPushRulesCache,
    private readonly defaults: PushRuleDefaults,
    private readonly streams: Streams,
  ) {}

  /** The rule set as on the wire. */
  async ruleSet(userId: UserId): Promise<RuleSet> {
    return this.#compose(userId, await this.cache.of(userId));
  }

  /** The content of `m.push_rules`. */
  async content(userId: UserId): Promise<JsonObject> {
    return { global: await this.ruleSet(userId) } as unknown as JsonObject;
  }

  /** @throws MatrixError 404 `M_NOT_FOUND`. */
  async rule(userId: UserId, kind: PushRuleKind, ruleId: string): Promise<PushRule> {
    const rule = findRule(await this.ruleSet(userId), kind, ruleId);
    if (rule === undefined) throw ruleNotFound();
    return rule;
  }

  /** At once, if in memory. */
  peekCompiled(userId: UserId): CompiledRules | undefined {
    return this.cache.peek(userId)?.compiled;
  }

  async loadCompiled(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, CompiledRules>> {
    return new Map([...(await this.cache.load(userIds))].map(([userId, { compiled }]) => [userId, compiled]));
  }

  /** Makes a rule, or changes and moves the one of that kind and id. @throws MatrixError 400 `M_UNKNOWN` as `placeRule`. */
  put(userId: UserId, rule: UserPushRule, place: RulePlace): Promise<void> {
    return this.#change(userId, ({ rules }) => {
      const ofKind = rules.filter((placed) => placed.rule.kind === rule.kind);
      const wanted = placeRule(
        ofKind.map((placed) => placed.rule),
        rule,
        place,
      );
      return this.#place(userId, ofKind, wanted, rule.ruleId);
    });
  }

  /** @throws MatrixError 404 `M_NOT_FOUND`, for default rules too. */
  remove(userId: UserId, kind: PushRuleKind, ruleId: string): Promise<void> {
    return this.#change(userId, (known) => {
      if (ownRule(known, kind, ruleId) === undefined) throw ruleNotFound();
      return [this.store.remove(userId, kind, ruleId)];
    });
  }

  /** @throws MatrixError 404 `M_NOT_FOUND`. */
  setEnabled(userId: UserId, kind: PushRuleKind, ruleId: string, enabled: boolean): Promise<void> {
    return this.#alter(userId, kind, ruleId, { enabled });
  }

  /** @throws MatrixError 404 `M_NOT_FOUND`. */
  setActions(userId: UserId, kind: PushRuleKind, ruleId: string, actions: readonly PushAction[]): Promise<void> {
    return this.#alter(userId, kind, ruleId, { actions });
  }

  /** Whether the rules changed after `since`. Costs nothing where they did not. */
  async changedSince(userId: UserId, since: StreamPosition): Promise<boolean> {
    return this.mayHaveChanged(userId, since) && (await this.cache.of(userId)).position > since;
  }

  /** As far as can be said at once. */
  mayHaveChanged(userId: UserId, since: StreamPosition): boolean {
    return this.cache.mayHaveChanged(userId, since);
  }

  /** The event for `/sync`: in an initial one always, later when something changed. */
  async event(
    userId: UserId,
    range: { readonly since: StreamPosition | undefined },
  ): Promise<PushRulesEvent | undefined> {
    if (range.since !== undefined && !(await this.changedSince(userId, range.since))) return undefined;
    return { type: 'm.push_rules', contentText: JSON.stringify(await this.content(userId)) };
  }

  /** In the batch that deactivates an account. */
  accountDeactivated(batch: StreamBatch, userId: UserId): void {
    for (const query of this.store.removeUser(userId)) batch.add(query);
    const position = batch.nextPosition();
    batch.afterCommit(() => this.cache.changed(userId, position));
  }

  #compose(userId: UserId, { rules, changes }: UserPushRules): RuleSet {
    return composeRuleSet(
      this.defaults,
      rules.map(({ rule }) => rule),
      changes,
      userId,
    );
  }

  #alter(
    userId: UserId,
    kind: PushRuleKind,
    ruleId: string,
    change: Pick<DefaultRuleChange, 'enabled' | 'actions'>,
  ): Promise<void> {
    return this.#change(userId, (known) => {
      const own = ownRule(known, kind, ruleId);
      if (own !== undefined) return [this.store.put(userId, { ...own, rule: { ...own.rule, ...change } })];
      if (!hasDefaultRule(this.defaults, kind, ruleId)) throw ruleNotFound();
      const before = known.changes.find((other) => other.kind === kind && other.ruleId === ruleId);
      return [this.store.change(userId, { ...before, kind, ruleId, ...change })];
    });
  }

  /** The statements that bring the rules of a kind into the wanted order, writing as few as may be. */
  #place(userId: UserId, before: readonly PlacedRule[], wanted: readonly UserPushRule[], ruleId: string): Statement[] {
    const at = wanted.findIndex((rule) => rule.ruleId === ruleId);
    const rule = wanted[at]!;
    const placeOf = new Map(before.map((placed) => [placed.rule.ruleId, placed.place]));
    const above = at === 0 ? undefined : placeOf.get(wanted[at - 1]!.ruleId);
    const below = at === wanted.length - 1 ? undefined : placeOf.get(wanted[at + 1]!.ruleId);
    const current = placeOf.get(ruleId);
    const fits = (place: number) => (above ?? -Infinity) < place && place < (below ?? Infinity);
    const free =
      current !== undefined && fits(current)
        ? current
        : above === undefined
          ? (below ?? GAP) - GAP
          : below === undefined
            ? above + GAP
            : Math.floor((above + below) / 2);
    if (fits(free)) return [this.store.put(userId, { rule, place: free })];
    return wanted.map((other, index) => {
      const placed = { rule: other, place: index * GAP };
      return other === rule ? this.store.put(userId, placed) : this.store.move(userId, placed);
    });
  }

  async #change(userId: UserId, decide: (known: UserPushRules) => readonly Statement[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const known = await this.cache.of(userId);
      const statements = decide(known);
      try {
        await this.streams.commit((batch) => {
          const position = batch.nextPosition();
          batch.add(this.store.advance(userId, known.position, position), 1);
          for (const query of statements) batch.add(query);
          batch.wake({ userId });
          batch.afterCommit(() => this.cache.changed(userId, position));
        });
        return;
      } catch (error) {
        this.cache.forget(userId);
        if (!(error instanceof BatchConflict) || attempt === ATTEMPTS) throw error;
      }
    }
  }
}

function ownRule({ rules }: UserPushRules, kind: PushRuleKind, ruleId: string): PlacedRule | undefined {
  return rules.find(({ rule }) => rule.kind === kind && rule.ruleId === ruleId);
}
