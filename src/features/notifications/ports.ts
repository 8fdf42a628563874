import type { UserId } from '#protocol/identifiers/index.ts';
import type { CompiledRules } from '#protocol/push-rules/index.ts';

/** What other slices know that decides whom an event notifies. */
export interface NotificationSources {
  /** The push rules of users, ready to be evaluated. */
  readonly pushRules: {
    /** At once, if in memory. */
    peekCompiled(userId: UserId): CompiledRules | undefined;
    loadCompiled(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, CompiledRules>>;
  };
  /** Which of the members of a room ignore a sender: nothing that the sender does notifies them. */
  readonly ignorersOf: (
    sender: UserId,
    members: Iterable<UserId>,
  ) => ReadonlySet<string> | Promise<ReadonlySet<string>>;
  /** Whether a user is an appservice's: then nobody is behind them who could be notified. */
  readonly isAppserviceUser: (userId: UserId) => boolean;
}
