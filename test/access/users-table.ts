/**
 * Who may do what with somebody's things: for each operation, what their owner, another user and a server administrator are
 * answered who ask for the owner's. Checked by hand against the specification; a change here is a decision.
 */
const OK = '200';
const NO = '403 M_FORBIDDEN';
const NONE = '404 M_NOT_FOUND';
/** User-interactive authentication comes first. */
const ASKED = '401';

/** In the order of `ASKERS`. */
type Verdicts = readonly [self: string, other: string, admin: string];

export interface UserRow {
  readonly operation: string;
  readonly about?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly verdicts: Verdicts;
}

export const ASKERS = ['self', 'other', 'admin'] as const;

const OWN: Verdicts = [OK, NO, NO];
/** Of one's own there is no such thing. */
const OWN_ONLY_KNOWN: Verdicts = [OK, NONE, NONE];
const ANYBODY: Verdicts = [OK, OK, OK];
const ADMINS: Verdicts = [NO, NO, OK];

const session = { first_message_index: 1, forwarded_count: 0, is_verified: true, session_data: { ciphertext: 'x' } };
const inBackup = { query: 'version=$version' };

export const ROWS: readonly UserRow[] = [
  { operation: 'defineFilter', body: {}, verdicts: OWN },
  { operation: 'getFilter', verdicts: OWN },
  { operation: 'getAccountData', verdicts: OWN },
  { operation: 'setAccountData', body: { secret: 'x' }, verdicts: OWN },
  { operation: 'deleteAccountData', params: { type: 'org.example.gone' }, verdicts: OWN },
  { operation: 'getAccountDataPerRoom', verdicts: OWN },
  { operation: 'setAccountDataPerRoom', body: { secret: 'x' }, verdicts: OWN },
  { operation: 'deleteAccountDataPerRoom', params: { type: 'org.example.gone' }, verdicts: OWN },
  { operation: 'getRoomTags', verdicts: OWN },
  { operation: 'setRoomTag', params: { tag: 'u.tag' }, body: {}, verdicts: OWN },
  { operation: 'deleteRoomTag', params: { tag: 'u.tag' }, verdicts: OWN },
  { operation: 'requestOpenIdToken', verdicts: OWN },
  { operation: 'setTyping', body: { typing: true, timeout: 1000 }, verdicts: OWN },
  { operation: 'getPresence', verdicts: [OK, NO, NO] },
  { operation: 'setPresence', body: { presence: 'online' }, verdicts: OWN },
  { operation: 'getUserProfile', verdicts: ANYBODY },
  { operation: 'getProfileField', params: { keyName: 'displayname' }, verdicts: ANYBODY },
  {
    operation: 'setProfileField',
    params: { keyName: 'displayname' },
    body: { displayname: 'x' },
    verdicts: [OK, NO, OK],
  },
  { operation: 'deleteProfileField', params: { keyName: 'displayname' }, verdicts: [OK, NO, OK] },
  { operation: 'getWhoIs', verdicts: [OK, NO, OK] },
  { operation: 'getAdminLockUser', verdicts: ADMINS },
  { operation: 'setAdminLockUser', body: { locked: false }, verdicts: ADMINS },
  { operation: 'getAdminSuspendUser', verdicts: ADMINS },
  { operation: 'setAdminSuspendUser', body: { suspended: false }, verdicts: ADMINS },
  { operation: 'reportUser', body: { reason: 'x' }, verdicts: ANYBODY },
  { operation: 'getDevice', verdicts: OWN_ONLY_KNOWN },
  { operation: 'updateDevice', body: { display_name: 'x' }, verdicts: OWN_ONLY_KNOWN },
  { operation: 'deleteDevice', body: {}, verdicts: [ASKED, ASKED, ASKED] },
  // A media id that the owner asked for and has not filled yet.
  { operation: 'uploadContentToMXC', body: 'file', verdicts: OWN },
  { operation: 'getDehydratedDeviceEvents', verdicts: [NONE, NONE, NONE] },
  { operation: 'postDehydratedDeviceEvents', body: {}, verdicts: [NONE, NONE, NONE] },
  { operation: 'getRoomKeysVersion', verdicts: OWN_ONLY_KNOWN },
  { operation: 'putRoomKeysVersion', body: '$backup', verdicts: OWN_ONLY_KNOWN },
  { operation: 'putRoomKeys', ...inBackup, body: { rooms: {} }, verdicts: OWN_ONLY_KNOWN },
  { operation: 'getRoomKeys', ...inBackup, verdicts: OWN_ONLY_KNOWN },
  { operation: 'putRoomKeysByRoomId', ...inBackup, body: { sessions: {} }, verdicts: OWN_ONLY_KNOWN },
  { operation: 'getRoomKeysByRoomId', ...inBackup, verdicts: OWN_ONLY_KNOWN },
  { operation: 'putRoomKeyBySessionId', ...inBackup, body: session, verdicts: OWN_ONLY_KNOWN },
  { operation: 'getRoomKeyBySessionId', ...inBackup, verdicts: OWN_ONLY_KNOWN },
  { operation: 'deleteRoomKeyBySessionId', ...inBackup, verdicts: OWN_ONLY_KNOWN },
  { operation: 'deleteRoomKeysByRoomId', ...inBackup, verdicts: OWN_ONLY_KNOWN },
  { operation: 'deleteRoomKeys', ...inBackup, verdicts: OWN_ONLY_KNOWN },
  { operation: 'deleteRoomKeysVersion', verdicts: OWN_ONLY_KNOWN },
];
