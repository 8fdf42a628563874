/** The states that rooms start with. https://spec.matrix.org/v1.19/client-server-api/#creation */
import type { UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import type { RoomVersionRules } from '#protocol/room-versions/index.ts';
import type { CreateRoomConfig } from './ports.ts';

export type PresetName = 'private_chat' | 'trusted_private_chat' | 'public_chat';

interface Preset {
  readonly joinRule: string;
  readonly historyVisibility: string;
  readonly guestAccess: string;
  /** The level to invite; 50 if left out. */
  readonly invite: number;
  /** Whether those invited at creation are as powerful as the creator. */
  readonly inviteesAreCreators: boolean;
}

const PRIVATE: Preset = {
  joinRule: 'invite',
  historyVisibility: 'shared',
  guestAccess: 'can_join',
  invite: 0,
  inviteesAreCreators: false,
};

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  private_chat: PRIVATE,
  trusted_private_chat: { ...PRIVATE, inviteesAreCreators: true },
  public_chat: { ...PRIVATE, joinRule: 'public', guestAccess: 'forbidden', invite: 50 },
};

/** Where creators have more power than anybody can be given, replacing the room is theirs. */
const TOMBSTONE_LEVEL = 150;

interface PowerLevelsOptions {
  readonly rules: RoomVersionRules;
  readonly preset: PresetName;
  readonly creator: UserId;
  readonly invitees: readonly UserId[];
  /** `power_level_content_override` of the request. */
  readonly override: JsonObject | undefined;
  readonly config: Pick<CreateRoomConfig, 'defaultPowerLevelContentOverride'>;
}

/** The `m.room.power_levels` of a new room: the preset's, the configuration's over it, the request's over both. */
export function initialPowerLevels(options: PowerLevelsOptions): JsonObject {
  const { rules, preset, override, config } = options;
  const configured = config.defaultPowerLevelContentOverride[preset];
  const content: JsonObject = {
    users: initialUsers(options),
    users_default: 0,
    events: {
      'm.room.name': 50,
      'm.room.power_levels': 100,
      'm.room.history_visibility': 100,
      'm.room.canonical_alias': 50,
      'm.room.avatar': 50,
      ...(rules.privilegedCreators ? {} : { 'm.room.tombstone': 100 }),
      'm.room.server_acl': 100,
      'm.room.encryption': 100,
    },
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    invite: PRESETS[preset].invite,
    historical: 100,
    ...(isJsonObject(configured) ? configured : {}),
    ...override,
  };
  return rules.privilegedCreators ? withTombstoneAbove(content) : content;
}

/** Replacing the room must need more than other state; where the request says what it needs, that stands. */
function withTombstoneAbove(content: JsonObject): JsonObject {
  const { events = {}, state_default: stateDefault } = content;
  if (!isJsonObject(events) || events['m.room.tombstone'] !== undefined) return content;
  const level = Math.max(TOMBSTONE_LEVEL, (typeof stateDefault === 'number' ? stateDefault : 50) + 1);
  return { ...content, events: { ...events, 'm.room.tombstone': level } };
}

function initialUsers({ rules, preset, creator, invitees }: PowerLevelsOptions): JsonObject {
  if (rules.privilegedCreators) return {};
  const powerful = PRESETS[preset].inviteesAreCreators ? [creator, ...invitees] : [creator];
  return Object.fromEntries(powerful.map((userId) => [userId, 100]));
}

/** Whether rooms of this preset are encrypted from the start. */
export function isEncryptedByDefault(
  preset: PresetName,
  setting: CreateRoomConfig['encryptionEnabledByDefault'],
): boolean {
  return setting === 'all' || (setting === 'invite' && preset !== 'public_chat');
}
