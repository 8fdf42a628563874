import type { UserId } from '#protocol/identifiers/index.ts';
import type { CompiledRules, FlatEvent, PushUser, PushVerdict } from '#protocol/push-rules/index.ts';

type CompiledRule = CompiledRules['all'][number];

/** Of a user whom an event does not notify. */
export const SILENT: PushVerdict = { rule: undefined, notify: false, highlight: false, actions: [] };

/**
 * Evaluates one event for many users, as `evaluate` does for one. What does not depend on the user is found out once for
 * each rule set, and most users share theirs: for them only the few rules are left that ask for a name, if any.
 */
export class EventEvaluator {
  readonly #open = new Map<CompiledRules, readonly CompiledRule[]>();
  readonly #user: { userId: UserId } & PushUser;

  /** `nameOf`: a member's display name in the room, asked for only by rules that look for it. */
  constructor(
    private readonly event: FlatEvent,
    nameOf: (userId: UserId) => string | undefined,
  ) {
    // One object for all: it stands for each user in turn.
    this.#user = {
      userId: '' as UserId,
      get displayName() {
        return nameOf(this.userId);
      },
    };
  }

  verdict(rules: CompiledRules, userId: UserId): PushVerdict {
    let open = this.#open.get(rules);
    if (open === undefined) {
      open = this.#openFor(rules);
      this.#open.set(rules, open);
    }
    this.#user.userId = userId;
    for (const { user, verdict } of open) {
      if (user.length === 0 || user.every((test) => test(this.event, this.#user))) return verdict;
    }
    return SILENT;
  }

  /** The rules that may match, up to the first that does for everybody. */
  #openFor(rules: CompiledRules): CompiledRule[] {
    const open: CompiledRule[] = [];
    for (const rule of rules.roomsWithRules.has(this.event.lowerRoomId) ? rules.all : rules.forAnyRoom) {
      if (!rule.shared.every((test) => test(this.event))) continue;
      open.push(rule);
      if (rule.user.length === 0) break;
    }
    return open;
  }
}
