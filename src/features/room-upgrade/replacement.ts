import type { EventId, RoomAlias, RoomId, UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import type { RoomVersionRules } from '#protocol/room-versions/index.ts';
import type { Draft, StateView } from '#rooms/index.ts';

/** State with an empty key that a new room takes over, in the order in which it is sent. */
const COPIED_TYPES = [
  'm.room.join_rules',
  'm.room.history_visibility',
  'm.room.guest_access',
  'm.room.name',
  'm.room.topic',
  'm.room.avatar',
  'm.room.encryption',
  'm.room.server_acl',
] as const;

export interface Replacement {
  readonly from: RoomId;
  readonly state: StateView;
  readonly rules: RoomVersionRules;
  readonly upgrader: UserId;
  readonly additionalCreators: readonly UserId[];
  readonly joinContent: JsonObject;
  readonly powerLevels: { readonly initial: JsonObject; readonly final: JsonObject | undefined } | undefined;
}

/** The create event's content; `tombstone` is the event that will close the old room, where the version still names it. */
export async function createContent(replacement: Replacement, tombstone: EventId | undefined): Promise<JsonObject> {
  const { from, state, rules, upgrader, additionalCreators } = replacement;
  const old = (await state.get('m.room.create'))?.content ?? {};
  return {
    ...(old['m.federate'] === false && { 'm.federate': false }),
    ...(old.type !== undefined && { type: old.type }),
    ...(!rules.creatorIsSender && { creator: upgrader }),
    ...(rules.privilegedCreators && additionalCreators.length > 0 && { additional_creators: [...additionalCreators] }),
    predecessor: { room_id: from, ...(tombstone !== undefined && { event_id: tombstone }) },
    room_version: rules.version,
  };
}

/** The events of the new room after its create event. */
export async function followingEvents(replacement: Replacement): Promise<Draft[]> {
  const { state, upgrader, joinContent, powerLevels } = replacement;
  const creators: readonly (string | undefined)[] = [upgrader, ...replacement.additionalCreators];
  const events: Draft[] = [];
  const add = (type: string, content: JsonObject, stateKey = '') =>
    void events.push({ type, stateKey, sender: upgrader, content });
  add('m.room.member', joinContent, upgrader);
  if (powerLevels !== undefined) add('m.room.power_levels', powerLevels.initial);
  for (const type of COPIED_TYPES) {
    const event = await state.get(type);
    if (event !== undefined && Object.keys(event.content).length > 0) add(type, event.content);
  }
  if ((await state.get('m.room.create'))?.content.type === 'm.space') {
    for (const { content, stateKey } of await state.all('m.space.child')) {
      // An empty child is one that was taken out of the space.
      if (Object.keys(content).length > 0) add('m.space.child', content, stateKey);
    }
  }
  for (const { content, stateKey } of await state.all('m.room.member')) {
    // Nobody can ban a creator, whose power is infinite.
    if (content.membership !== 'ban' || creators.includes(stateKey)) continue;
    const { reason } = content;
    add('m.room.member', { membership: 'ban', ...(typeof reason === 'string' && { reason }) }, stateKey);
  }
  return events;
}

/** The canonical aliases of both rooms once this server's aliases have moved; `undefined` where nothing is to be said. */
export function movedAliases(
  content: JsonObject | undefined,
  moved: readonly RoomAlias[],
): { readonly old: JsonObject | undefined; readonly next: JsonObject | undefined } {
  if (!isJsonObject(content)) return { old: undefined, next: undefined };
  const isMoved = (alias: unknown): boolean => moved.some((known) => known === alias);
  const { alias, alt_aliases: alternatives, ...others } = content;
  const all: unknown[] = Array.isArray(alternatives) ? alternatives : [];
  const split = (wanted: boolean) => {
    const alt = all.filter((one): one is string => typeof one === 'string' && isMoved(one) === wanted);
    return {
      ...(alias !== undefined && isMoved(alias) === wanted && { alias }),
      ...(alt.length > 0 && { alt_aliases: alt }),
    };
  };
  const next = split(true);
  if (Object.keys(next).length === 0) return { old: undefined, next: undefined };
  return { old: { ...others, ...split(false) }, next };
}
