import type { RoomEvent } from '../events/pdu.ts';
import { parseUserId, serverNameOf } from '../identifiers/index.ts';
import type { JsonValue } from '../json.ts';
import { type RoomVersionRules, roomVersionRules } from '../room-versions/index.ts';
import { ALLOWED, type AuthVerdict, refused } from './verdict.ts';

/** Rule 1. */
export function authorizeCreate(event: RoomEvent, rules: RoomVersionRules): AuthVerdict {
  // 1.1.
  if (event.prevEventIds.length > 0) return refused('m.room.create has prev_events');
  // 1.2.
  if (rules.roomIdIsCreateHash) {
    if (event.pdu.room_id !== undefined) return refused('m.room.create has a room_id');
  } else if (serverNameOf(event.roomId) !== serverNameOf(event.sender)) {
    return refused("the room id is not of the sender's server");
  }
  // 1.3.
  if (!isRecognisedVersion(event.content.room_version)) return refused('the room version is unknown');
  // Versions 1 to 10: 1.4.
  if (!rules.creatorIsSender && event.content.creator === undefined) return refused('m.room.create has no creator');
  // 1.4.
  if (rules.privilegedCreators && !areUserIds(event.content.additional_creators)) {
    return refused('additional_creators is not a list of user ids');
  }
  // 1.5.
  return ALLOWED;
}

function isRecognisedVersion(version: JsonValue | undefined): boolean {
  return version === undefined || (typeof version === 'string' && roomVersionRules(version) !== undefined);
}

function areUserIds(value: JsonValue | undefined): boolean {
  if (value === undefined) return true;
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && parseUserId(item) !== undefined);
}
