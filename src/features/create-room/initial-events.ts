import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Draft } from '#rooms/index.ts';
import type { CreateRoomConfig } from './ports.ts';
import { initialPowerLevels, isEncryptedByDefault, PRESETS } from './presets.ts';
import type { RoomRequest } from './room-request.ts';

/** The contents of member events, which only a look-up gives. */
export interface InitialMembers {
  readonly creator: JsonObject;
  readonly invitees: ReadonlyMap<UserId, JsonObject>;
}

/**
 * The events that make a room, in the order of the specification. What `initial_state` sets again a later step of the
 * request overrides, and what it sets itself the preset leaves alone.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom
 */
export function initialEvents(
  room: RoomRequest,
  members: InitialMembers,
  config: CreateRoomConfig,
  nowMs: number,
): Draft[] {
  const { rules, creator, alias, name, topic } = room;
  const preset = PRESETS[room.preset];
  const given = new Map(room.initialState.map((event) => [keyOf(event.type, event.stateKey), event]));
  const powerLevels = given.get(keyOf('m.room.power_levels', ''))?.content;
  given.delete(keyOf('m.room.power_levels', ''));
  const events: Draft[] = [];
  const add = (type: string, content: JsonObject, stateKey = '') =>
    void events.push({ type, stateKey, sender: creator, content, originServerTs: nowMs });
  const addUnlessGiven = (type: string, content: JsonObject) => {
    if (!given.has(keyOf(type, ''))) add(type, content);
  };

  // 1. to 3.
  add('m.room.create', {
    ...room.creationContent,
    ...(rules.creatorIsSender ? {} : { creator }),
    room_version: rules.version,
  });
  add('m.room.member', members.creator, creator);
  add('m.room.power_levels', powerLevels ?? initialPowerLevels({ ...room, override: room.powerLevelOverride, config }));
  // 4.
  if (alias !== undefined) addUnlessGiven('m.room.canonical_alias', { alias });
  // 5.
  addUnlessGiven('m.room.join_rules', { join_rule: preset.joinRule });
  addUnlessGiven('m.room.history_visibility', { history_visibility: preset.historyVisibility });
  addUnlessGiven('m.room.guest_access', { guest_access: preset.guestAccess });
  // 6.
  for (const { type, stateKey, content } of given.values()) add(type, content, stateKey);
  if (isEncryptedByDefault(room.preset, config.encryptionEnabledByDefault)) {
    addUnlessGiven('m.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' });
  }
  // 7.
  if (name !== undefined) add('m.room.name', { name });
  if (topic !== undefined) add('m.room.topic', { topic, 'm.topic': { 'm.text': [{ body: topic }] } });
  // 8.
  for (const [userId, content] of members.invitees) add('m.room.member', content, userId);
  return events;
}

function keyOf(type: string, stateKey: string): string {
  return JSON.stringify([type, stateKey]);
}
