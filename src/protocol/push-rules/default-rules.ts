import type { JsonValue } from '../json.ts';
import type { PushAction, PushRuleFeatures, PushRuleKind } from './push-rule.ts';

/** Stands in a default rule for a property of the user whose rule it is. */
export interface OwnProperty {
  readonly own: 'userId' | 'localpart';
}

/** Whether a parameter is to be taken from the user. */
export function isOwnProperty(value: unknown): value is OwnProperty {
  return typeof value === 'object' && value !== null && 'own' in value;
}

/** The property of the user with this id. */
export function ownValue({ own }: OwnProperty, userId: string): string {
  return own === 'userId' ? userId : userId.slice(1, userId.indexOf(':'));
}

export interface DefaultCondition {
  readonly kind: string;
  readonly key?: string;
  readonly is?: string;
  readonly pattern?: string | OwnProperty;
  readonly value?: JsonValue | OwnProperty;
  readonly subscribed?: boolean;
}

/** A server-default rule, before a user changed it. */
export interface DefaultRule {
  readonly kind: PushRuleKind;
  readonly ruleId: string;
  readonly enabled: boolean;
  readonly actions: readonly PushAction[];
  readonly conditions: readonly DefaultCondition[];
  /** Only on `content` rules. */
  readonly pattern?: OwnProperty;
  /** The feature that the rule belongs to; without one, it is always there. */
  readonly feature?: keyof PushRuleFeatures;
}

const USER_ID: OwnProperty = { own: 'userId' };
const LOCALPART: OwnProperty = { own: 'localpart' };

const HIGHLIGHT: PushAction = { set_tweak: 'highlight' };
const SOUND: PushAction = { set_tweak: 'sound', value: 'default' };
const RING: PushAction = { set_tweak: 'sound', value: 'ring' };

const SILENT: readonly PushAction[] = [];
const NOTIFY: readonly PushAction[] = ['notify'];
const NOTIFY_LOUDLY: readonly PushAction[] = ['notify', SOUND];
const MENTION: readonly PushAction[] = ['notify', SOUND, HIGHLIGHT];
const ROOM_MENTION: readonly PushAction[] = ['notify', HIGHLIGHT];

const matches = (key: string, pattern: string | OwnProperty): DefaultCondition => ({
  kind: 'event_match',
  key,
  pattern,
});
const ofType = (type: string): DefaultCondition => matches('type', type);
const isState = matches('state_key', '');
const oneToOne: DefaultCondition = { kind: 'room_member_count', is: '2' };
const mayNotifyRoom: DefaultCondition = { kind: 'sender_notification_permission', key: 'room' };

type RuleParts = Partial<Pick<DefaultRule, 'enabled' | 'pattern' | 'feature'>>;

function rule(
  kind: PushRuleKind,
  ruleId: string,
  conditions: readonly DefaultCondition[],
  actions: readonly PushAction[],
  parts: RuleParts = {},
): DefaultRule {
  return { kind, ruleId, enabled: true, actions, conditions, ...parts };
}

/** The only default rule that comes before the rules of the user. */
export const MASTER_RULE_ID = '.m.rule.master';

/**
 * Every default rule, highest priority first within its kind.
 * https://spec.matrix.org/v1.19/client-server-api/#predefined-rules
 */
export const DEFAULT_RULES: readonly DefaultRule[] = [
  rule('override', MASTER_RULE_ID, [], SILENT, { enabled: false }),
  rule('override', '.org.matrix.msc4028.encrypted_event', [ofType('m.room.encrypted')], NOTIFY, {
    feature: 'encryptedEvents',
  }),
  rule('override', '.m.rule.suppress_notices', [matches('content.msgtype', 'm.notice')], SILENT),
  rule(
    'override',
    '.m.rule.invite_for_me',
    [ofType('m.room.member'), matches('content.membership', 'invite'), matches('state_key', USER_ID)],
    NOTIFY_LOUDLY,
  ),
  rule('override', '.m.rule.member_event', [ofType('m.room.member')], SILENT),
  rule(
    'override',
    '.m.rule.is_user_mention',
    [{ kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: USER_ID }],
    MENTION,
  ),
  rule('override', '.m.rule.contains_display_name', [{ kind: 'contains_display_name' }], MENTION, {
    feature: 'legacyMentions',
  }),
  rule(
    'override',
    '.m.rule.is_room_mention',
    [{ kind: 'event_property_is', key: 'content.m\\.mentions.room', value: true }, mayNotifyRoom],
    ROOM_MENTION,
  ),
  rule('override', '.m.rule.roomnotif', [mayNotifyRoom, matches('content.body', '@room')], ROOM_MENTION, {
    feature: 'legacyMentions',
  }),
  rule('override', '.m.rule.tombstone', [ofType('m.room.tombstone'), isState], ROOM_MENTION),
  rule('override', '.m.rule.reaction', [ofType('m.reaction')], SILENT),
  rule('override', '.m.rule.room.server_acl', [ofType('m.room.server_acl'), isState], SILENT),
  rule(
    'override',
    '.m.rule.suppress_edits',
    [{ kind: 'event_property_is', key: 'content.m\\.relates_to.rel_type', value: 'm.replace' }],
    SILENT,
  ),
  rule('override', '.org.matrix.msc3930.rule.poll_response', [ofType('org.matrix.msc3381.poll.response')], SILENT, {
    feature: 'polls',
  }),

  rule('content', '.m.rule.contains_user_name', [], MENTION, { pattern: LOCALPART, feature: 'legacyMentions' }),

  rule(
    'postcontent',
    '.io.element.msc4306.rule.unsubscribed_thread',
    [{ kind: 'io.element.msc4306.thread_subscription', subscribed: false }],
    SILENT,
    { feature: 'threadSubscriptions' },
  ),
  rule(
    'postcontent',
    '.io.element.msc4306.rule.subscribed_thread',
    [{ kind: 'io.element.msc4306.thread_subscription', subscribed: true }],
    NOTIFY_LOUDLY,
    { feature: 'threadSubscriptions' },
  ),

  rule('underride', '.m.rule.call', [ofType('m.call.invite')], ['notify', RING]),
  rule('underride', '.m.rule.encrypted_room_one_to_one', [oneToOne, ofType('m.room.encrypted')], NOTIFY_LOUDLY),
  rule('underride', '.m.rule.room_one_to_one', [oneToOne, ofType('m.room.message')], NOTIFY_LOUDLY),
  rule('underride', '.m.rule.message', [ofType('m.room.message')], NOTIFY),
  rule('underride', '.m.rule.encrypted', [ofType('m.room.encrypted')], NOTIFY),
  // Element's group calls by widget: not of the specification, but on every server that Element's users know.
  rule(
    'underride',
    '.im.vector.jitsi',
    [ofType('im.vector.modular.widgets'), matches('content.type', 'jitsi'), matches('state_key', '*')],
    NOTIFY,
  ),
  rule(
    'underride',
    '.org.matrix.msc3930.rule.poll_start_one_to_one',
    [oneToOne, ofType('org.matrix.msc3381.poll.start')],
    NOTIFY_LOUDLY,
    { feature: 'polls' },
  ),
  rule('underride', '.org.matrix.msc3930.rule.poll_start', [ofType('org.matrix.msc3381.poll.start')], NOTIFY, {
    feature: 'polls',
  }),
  rule(
    'underride',
    '.org.matrix.msc3930.rule.poll_end_one_to_one',
    [oneToOne, ofType('org.matrix.msc3381.poll.end')],
    NOTIFY_LOUDLY,
    { feature: 'polls' },
  ),
  rule('underride', '.org.matrix.msc3930.rule.poll_end', [ofType('org.matrix.msc3381.poll.end')], NOTIFY, {
    feature: 'polls',
  }),
];
