/**
 * Who may do what to a private room: for each operation, what a stranger, an invited user, one who left, one who was banned,
 * a member and the creator are answered. Checked by hand against the specification; a change here is a decision.
 */
const OK = '200';
const NO = '403 M_FORBIDDEN';
const NONE = '404 M_NOT_FOUND';
const IN_USE = '400 M_UNKNOWN';
const NO_APPSERVICE = '401 M_UNKNOWN_TOKEN';

/** In the order of `ROLES`: stranger, invited, left, banned, member, creator. */
type Verdicts = readonly [string, string, string, string, string, string];

export interface RoomRow {
  readonly operation: string;
  /** Where an operation has more than one row. */
  readonly about?: string;
  /** Parameters other than those of the room in question. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly verdicts: Verdicts;
}

/** Only those inside, now. */
const INSIDE: Verdicts = [NO, NO, NO, NO, OK, OK];
/** Those inside, and those who were: they see the room as it was when they went. */
const ONCE_INSIDE: Verdicts = [NO, NO, OK, OK, OK, OK];
/** The same, where an event that one may not see does not exist. */
const SEEN: Verdicts = [NONE, NONE, OK, OK, OK, OK];
const SEEN_NOW: Verdicts = [NONE, NONE, NONE, NONE, OK, OK];
/** Who never was inside is told so before the event is looked for. */
const SEEN_NOW_INSIDE: Verdicts = [NO, NO, NONE, NONE, OK, OK];
const POWERFUL: Verdicts = [NO, NO, NO, NO, NO, OK];
const APPSERVICES = Array.from({ length: 6 }, () => NO_APPSERVICE) as unknown as Verdicts;
const ANYBODY: Verdicts = [OK, OK, OK, OK, OK, OK];
const NOBODY: Verdicts = [NO, NO, NO, NO, NO, NO];
/** Who is not in it has nothing to forget; who is must leave first. */
const FORGOTTEN: Verdicts = [OK, IN_USE, OK, OK, IN_USE, IN_USE];
const JOINABLE: Verdicts = [NO, OK, NO, NO, OK, OK];

const late = { about: 'what happened later', params: { eventId: '$lateEventId' } };
const message = { msgtype: 'm.text', body: 'hello' };
const bystander = { user_id: '$bystander' };

export const READS: readonly RoomRow[] = [
  { operation: 'getRoomState', verdicts: ONCE_INSIDE },
  { operation: 'getRoomStateWithKey', params: { eventType: 'org.example.early' }, verdicts: ONCE_INSIDE },
  {
    operation: 'getRoomStateWithKey',
    about: 'what was set later',
    params: { eventType: 'org.example.late' },
    verdicts: SEEN_NOW_INSIDE,
  },
  { operation: 'getOneRoomEvent', verdicts: SEEN },
  { operation: 'getOneRoomEvent', ...late, verdicts: SEEN_NOW },
  { operation: 'getEventContext', verdicts: ONCE_INSIDE },
  { operation: 'getEventContext', ...late, verdicts: SEEN_NOW_INSIDE },
  { operation: 'getRoomEvents', query: 'dir=b&limit=100', verdicts: ONCE_INSIDE },
  { operation: 'getRoomEvents', about: 'forwards', query: 'dir=f&limit=100', verdicts: ONCE_INSIDE },
  { operation: 'getMembersByRoom', verdicts: ONCE_INSIDE },
  { operation: 'getJoinedMembersByRoom', verdicts: INSIDE },
  { operation: 'roomInitialSync', verdicts: ONCE_INSIDE },
  { operation: 'getLocalAliases', verdicts: INSIDE },
  { operation: 'getSpaceHierarchy', verdicts: [NO, OK, NO, NO, OK, OK] },
  { operation: 'getEventByTimestamp', query: 'ts=0&dir=f', verdicts: ONCE_INSIDE },
  { operation: 'getEventByTimestamp', about: 'backwards', query: 'ts=9999999999999&dir=b', verdicts: ONCE_INSIDE },
  { operation: 'getRelatingEvents', verdicts: ONCE_INSIDE },
  { operation: 'getRelatingEvents', ...late, verdicts: SEEN_NOW_INSIDE },
  { operation: 'getRelatingEventsWithRelType', verdicts: ONCE_INSIDE },
  { operation: 'getRelatingEventsWithRelTypeAndEventType', verdicts: ONCE_INSIDE },
  { operation: 'getThreadRoots', verdicts: ONCE_INSIDE },
  { operation: 'getRoomSummary', verdicts: [NONE, OK, NONE, NONE, OK, OK] },
  { operation: 'getRoomIdByAlias', verdicts: ANYBODY },
  { operation: 'getRoomVisibilityOnDirectory', verdicts: ANYBODY },
  { operation: 'getOneEvent', verdicts: SEEN },
  { operation: 'getOneEvent', ...late, verdicts: SEEN_NOW },
  // These name no room: everybody may ask, and is told of rooms of their own.
  { operation: 'sync', query: 'full_state=true', verdicts: ANYBODY },
  {
    operation: 'sync',
    about: 'with rooms that were left',
    query: `filter=${encodeURIComponent('{"room":{"include_leave":true}}')}`,
    verdicts: ANYBODY,
  },
  { operation: 'initialSync', query: 'archived=true', verdicts: ANYBODY },
  { operation: 'getEvents', query: 'room_id=$roomId&timeout=0', verdicts: INSIDE },
  { operation: 'getNotifications', verdicts: ANYBODY },
  {
    operation: 'search',
    body: { search_categories: { room_events: { search_term: 'secret', filter: { rooms: ['$roomId'] } } } },
    verdicts: ANYBODY,
  },
  { operation: 'getPublicRooms', verdicts: ANYBODY },
  { operation: 'queryPublicRooms', body: { filter: { generic_search_term: 'private' } }, verdicts: ANYBODY },
  { operation: 'getJoinedRooms', verdicts: ANYBODY },
];

export const WRITES: readonly RoomRow[] = [
  { operation: 'sendMessage', body: message, verdicts: INSIDE },
  { operation: 'sendMessageLegacy', body: message, verdicts: INSIDE },
  { operation: 'setRoomStateWithKey', params: { eventType: 'm.room.topic' }, body: { topic: 'x' }, verdicts: POWERFUL },
  { operation: 'redactEvent', body: {}, verdicts: POWERFUL },
  { operation: 'redactEventLegacy', body: {}, verdicts: POWERFUL },
  { operation: 'setTyping', params: { userId: '$self' }, body: { typing: true, timeout: 1000 }, verdicts: INSIDE },
  { operation: 'postReceipt', body: {}, verdicts: INSIDE },
  { operation: 'setReadMarker', body: { 'm.fully_read': '$eventId' }, verdicts: INSIDE },
  { operation: 'inviteUser', body: bystander, verdicts: INSIDE },
  { operation: 'inviteUserLegacy', body: bystander, verdicts: INSIDE },
  { operation: 'kick', body: { user_id: '$invited' }, verdicts: POWERFUL },
  { operation: 'kickLegacy', body: { user_id: '$invited' }, verdicts: POWERFUL },
  { operation: 'ban', body: bystander, verdicts: POWERFUL },
  { operation: 'banLegacy', body: bystander, verdicts: POWERFUL },
  { operation: 'unban', body: { user_id: '$banned' }, verdicts: POWERFUL },
  { operation: 'unbanLegacy', body: { user_id: '$banned' }, verdicts: POWERFUL },
  { operation: 'knockRoom', body: {}, verdicts: NOBODY },
  { operation: 'joinRoom', body: {}, verdicts: JOINABLE },
  { operation: 'joinRoomLegacy', body: {}, verdicts: JOINABLE },
  { operation: 'joinRoomById', body: {}, verdicts: JOINABLE },
  { operation: 'joinRoomByIdLegacy', body: {}, verdicts: JOINABLE },
  { operation: 'leaveRoom', body: {}, verdicts: [NO, OK, OK, NO, OK, OK] },
  { operation: 'leaveRoomLegacy', body: {}, verdicts: [NO, OK, OK, NO, OK, OK] },
  { operation: 'forgetRoom', verdicts: FORGOTTEN },
  { operation: 'forgetRoomLegacy', verdicts: FORGOTTEN },
  { operation: 'upgradeRoom', body: { new_version: '11' }, verdicts: POWERFUL },
  {
    operation: 'setRoomAlias',
    params: { roomAlias: '#another-$role:example.org' },
    body: { room_id: '$roomId' },
    verdicts: INSIDE,
  },
  { operation: 'deleteRoomAlias', verdicts: POWERFUL },
  { operation: 'setRoomVisibilityOnDirectory', body: { visibility: 'public' }, verdicts: POWERFUL },
  { operation: 'reportEvent', body: {}, verdicts: SEEN_NOW },
  { operation: 'reportRoom', body: { reason: 'x' }, verdicts: ANYBODY },
  { operation: 'updateAppserviceRoomDirectoryVisibility', body: { visibility: 'public' }, verdicts: APPSERVICES },
  { operation: 'deleteAppserviceRoomDirectoryVisibility', verdicts: APPSERVICES },
];
