import type { DirectoryRule } from '#platform/config/index.ts';
import { compileGlob, type Glob } from '#protocol/push-rules/glob.ts';

/** What a rule is asked about. */
export interface RuledAction {
  readonly userId: string;
  /** Empty for a room that does not exist yet. */
  readonly roomId: string;
  readonly aliases: readonly string[];
}

/** Makes the decision of `alias_creation_rules` or `room_list_publication_rules`: the first rule that matches, or no. */
export function compileRules(rules: readonly DirectoryRule[]): (action: RuledAction) => boolean {
  const compiled = rules.map((rule) => ({
    action: rule.action,
    userId: glob(rule.userId),
    roomId: glob(rule.roomId),
    // A rule about some aliases says nothing of a room that has none.
    alias: rule.alias === '*' ? undefined : glob(rule.alias),
  }));
  return ({ userId, roomId, aliases }) => {
    const first = compiled.find(
      (rule) =>
        rule.userId.matches(userId.toLowerCase()) &&
        rule.roomId.matches(roomId.toLowerCase()) &&
        (rule.alias === undefined || aliases.some((alias) => rule.alias?.matches(alias.toLowerCase()))),
    );
    return first?.action === 'allow';
  };
}

function glob(pattern: string): Glob {
  return compileGlob(pattern.toLowerCase());
}
