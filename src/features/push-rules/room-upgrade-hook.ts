import { parseUserId, type RoomId, type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject } from '#protocol/json.ts';
import type { UserPushRule } from '#protocol/push-rules/index.ts';
import type { Contribution, EventHook, HotRoom, StateChange } from '#rooms/index.ts';
import type { PlacedRule, PushRuleStore } from './push-rule-store.ts';
import type { UserPushRulesCache } from './user-push-rules.ts';

/**
 * Gives a user who joins the successor of a room the rules they had for that room, in the batch of the join: whoever muted
 * a room finds its successor muted. Rules that they have for the new room already stay.
 */
export class RoomUpgradeHook implements EventHook {
  constructor(
    private readonly store: PushRuleStore,
    private readonly cache: UserPushRulesCache,
    private readonly serverName: ServerName,
  ) {}

  async prepareState(changes: readonly StateChange[], room: HotRoom): Promise<Contribution | undefined> {
    const copied: { readonly userId: UserId; readonly copies: readonly PlacedRule[] }[] = [];
    for (const change of changes) {
      const userId = this.#newlyJoined(change);
      const copies = userId === undefined ? [] : await this.#copies(userId, room);
      if (userId !== undefined && copies.length > 0) copied.push({ userId, copies });
    }
    if (copied.length === 0) return undefined;
    return (batch) => {
      for (const { userId, copies } of copied) {
        const position = batch.nextPosition();
        for (const copy of copies) batch.add(this.store.add(userId, copy));
        batch.add(this.store.touch(userId, position));
        batch.wake({ userId });
        batch.afterCommit(() => this.cache.changed(userId, position));
      }
    };
  }

  /** The user of this server whom a change brings into the room. */
  #newlyJoined({ type, stateKey, before, after }: StateChange): UserId | undefined {
    if (type !== 'm.room.member' || after?.content.membership !== 'join') return undefined;
    if (before?.content.membership === 'join') return undefined;
    const userId = parseUserId(stateKey);
    return userId !== undefined && serverNameOf(userId) === this.serverName ? userId : undefined;
  }

  async #copies(userId: UserId, room: HotRoom): Promise<PlacedRule[]> {
    const predecessor = (await room.state.get('m.room.create'))?.content.predecessor;
    const old = isJsonObject(predecessor) ? predecessor.room_id : undefined;
    if (typeof old !== 'string') return [];
    const { rules } = await this.cache.of(userId);
    return copiesFor(rules, old, room.identity.roomId);
  }
}

/** The rules about `old` as rules about `next`, each right beside the one it is made of. */
function copiesFor(rules: readonly PlacedRule[], old: string, next: RoomId): PlacedRule[] {
  return rules.flatMap(({ rule, place }) => {
    const copy = copyFor(rule, old, next);
    const isThere = rules.some((other) => other.rule.kind === copy?.kind && other.rule.ruleId === copy.ruleId);
    return copy === undefined || isThere ? [] : [{ rule: copy, place }];
  });
}

function copyFor(rule: UserPushRule, old: string, next: RoomId): UserPushRule | undefined {
  if (rule.kind === 'room') return rule.ruleId === old ? { ...rule, ruleId: next } : undefined;
  const isAbout = (condition: UserPushRule['conditions'][number]) =>
    condition.kind === 'event_match' && condition.key === 'room_id' && condition.pattern === old;
  if (!rule.conditions.some(isAbout)) return undefined;
  const conditions = rule.conditions.map((condition) =>
    isAbout(condition) ? { ...condition, pattern: next } : condition,
  );
  const ruleId = rule.ruleId.includes(old) ? rule.ruleId.replaceAll(old, next) : `${rule.ruleId} ${next}`;
  return { ...rule, ruleId, conditions };
}
