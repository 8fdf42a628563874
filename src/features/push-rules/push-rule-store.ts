import {
  inTexts,
  listParameter,
  type Reader,
  type SqlValue,
  type Statement,
  statement,
} from '#platform/storage/index.ts';
import type { StreamPosition } from '#platform/streams/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type {
  DefaultRuleChange,
  PushAction,
  PushCondition,
  PushRuleKind,
  UserPushRule,
  UserPushRuleKind,
} from '#protocol/push-rules/index.ts';
import type { PushRuleChangeRow, PushRulePositionRow, PushRuleRow } from './tables.ts';

/** A rule with its place in the table: within a kind, the smaller the higher its priority. */
export interface PlacedRule {
  readonly rule: UserPushRule;
  readonly place: number;
}

/** What is stored of a user's rules. */
export interface StoredRules {
  /** By place. */
  readonly rules: readonly PlacedRule[];
  readonly changes: readonly DefaultRuleChange[];
  /** Of the last change; 0 if there was none. */
  readonly position: StreamPosition;
}

const RULE_COLUMNS = 'user_id, kind, rule_id, place, enabled, actions, conditions, pattern';
const insert = `insert into push_rules (${RULE_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (user_id, kind, rule_id) do`;
const put = statement(
  `${insert} update set place = excluded.place, enabled = excluded.enabled, actions = excluded.actions, ` +
    'conditions = excluded.conditions, pattern = excluded.pattern',
);
const add = statement(`${insert} nothing`);
const move = statement('update push_rules set place = ? where user_id = ? and kind = ? and rule_id = ?');
const remove = statement('delete from push_rules where user_id = ? and kind = ? and rule_id = ?');
const change = statement(
  'insert into push_rule_changes (user_id, kind, rule_id, enabled, actions) values (?, ?, ?, ?, ?) ' +
    'on conflict (user_id, kind, rule_id) do update set enabled = excluded.enabled, actions = excluded.actions',
);
const firstPosition = statement('insert into push_rule_positions (user_id, position) values (?, ?)');
const nextPosition = statement('update push_rule_positions set position = ? where user_id = ? and position = ?');
const anyPosition = statement(
  'insert into push_rule_positions (user_id, position) values (?, ?) ' +
    'on conflict (user_id) do update set position = excluded.position',
);

export class PushRuleStore {
  readonly #rules: (...parameters: SqlValue[]) => Statement<PushRuleRow>;
  readonly #changes: (...parameters: SqlValue[]) => Statement<PushRuleChangeRow>;
  readonly #positions: (...parameters: SqlValue[]) => Statement<PushRulePositionRow>;

  constructor(private readonly reader: Reader) {
    const ofUsers = inTexts(reader.dialect, 'user_id');
    this.#rules = statement(`select ${RULE_COLUMNS} from push_rules where ${ofUsers} order by place, rule_id`);
    this.#changes = statement(
      `select user_id, kind, rule_id, enabled, actions from push_rule_changes where ${ofUsers}`,
    );
    this.#positions = statement(`select user_id, position from push_rule_positions where ${ofUsers}`);
  }

  /** Of those among `userIds` who ever had rules of their own or changed one. */
  async load(userIds: readonly UserId[]): Promise<Map<UserId, StoredRules>> {
    const list = listParameter(userIds);
    const positions = await this.reader.all(this.#positions(list));
    const found = new Map<UserId, { rules: PlacedRule[]; changes: DefaultRuleChange[]; position: number }>();
    for (const row of positions) found.set(row.user_id as UserId, { rules: [], changes: [], position: row.position });
    if (found.size === 0) return found;
    for (const row of await this.reader.all(this.#rules(list)))
      found.get(row.user_id as UserId)?.rules.push(toRule(row));
    for (const row of await this.reader.all(this.#changes(list))) {
      found.get(row.user_id as UserId)?.changes.push(toChange(row));
    }
    return found;
  }

  put(userId: UserId, { rule, place }: PlacedRule): Statement {
    return put(...values(userId, rule, place));
  }

  /** Unless there is a rule of that kind and id. */
  add(userId: UserId, { rule, place }: PlacedRule): Statement {
    return add(...values(userId, rule, place));
  }

  move(userId: UserId, { rule, place }: PlacedRule): Statement {
    return move(place, userId, rule.kind, rule.ruleId);
  }

  /** Expect one row. */
  remove(userId: UserId, kind: PushRuleKind, ruleId: string): Statement {
    return remove(userId, kind, ruleId);
  }

  change(userId: UserId, { kind, ruleId, enabled, actions }: DefaultRuleChange): Statement {
    const flag = enabled === undefined ? null : Number(enabled);
    return change(userId, kind, ruleId, flag, actions === undefined ? null : JSON.stringify(actions));
  }

  /** Takes the rules from one position to the next, if nobody else has. Expect one row. */
  advance(userId: UserId, before: StreamPosition, position: StreamPosition): Statement {
    return before === 0 ? firstPosition(userId, position) : nextPosition(position, userId, before);
  }

  /** As `advance`, whatever was there before. */
  touch(userId: UserId, position: StreamPosition): Statement {
    return anyPosition(userId, position);
  }

  removeUser(userId: UserId): Statement[] {
    return ['push_rules', 'push_rule_changes', 'push_rule_positions'].map((table) => ({
      sql: `delete from ${table} where user_id = ?`,
      parameters: [userId],
    }));
  }
}

function values(userId: UserId, rule: UserPushRule, place: number): SqlValue[] {
  const { kind, ruleId, enabled, actions, conditions, pattern } = rule;
  return [
    userId,
    kind,
    ruleId,
    place,
    Number(enabled),
    JSON.stringify(actions),
    JSON.stringify(conditions),
    pattern ?? null,
  ];
}

function toRule(row: PushRuleRow): PlacedRule {
  return {
    place: row.place,
    rule: {
      kind: row.kind as UserPushRuleKind,
      ruleId: row.rule_id,
      enabled: row.enabled === 1,
      actions: JSON.parse(row.actions) as PushAction[],
      conditions: JSON.parse(row.conditions) as PushCondition[],
      ...(row.pattern === null ? {} : { pattern: row.pattern }),
    },
  };
}

function toChange(row: PushRuleChangeRow): DefaultRuleChange {
  return {
    kind: row.kind as PushRuleKind,
    ruleId: row.rule_id,
    ...(row.enabled === null ? {} : { enabled: row.enabled === 1 }),
    ...(row.actions === null ? {} : { actions: JSON.parse(row.actions) as PushAction[] }),
  };
}
