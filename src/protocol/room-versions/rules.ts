/** What differs between room versions, as data. Code asks a rule, never a version number. */
export interface RoomVersionRules {
  readonly version: RoomVersion;
  /** `opaque`: chosen by the sender and carried in the PDU; otherwise from the reference hash, in that base64 alphabet. */
  readonly eventIdFormat: 'opaque' | 'base64' | 'base64url';
  /** How `prev_events` and `auth_events` look on the wire. */
  readonly eventReferences: 'pairs' | 'ids';
  readonly stateResolution: 'v1' | 'v2' | 'v2.1';
  /** Signing keys must be valid at `origin_server_ts`. */
  readonly enforceKeyValidity: boolean;
  /** Canonical JSON is strict: no floats, integers within 2^53-1. */
  readonly strictCanonicalJson: boolean;
  /** `m.room.aliases` has an auth rule of its own and keeps `aliases` when redacted. */
  readonly specialAliasesEvent: boolean;
  /** `m.room.redaction` has an auth rule of its own (versions 1 and 2). */
  readonly redactionAuthRule: boolean;
  /** The power-levels rule also covers `notifications`. */
  readonly powerLevelsCheckNotifications: boolean;
  /** Power levels must be JSON integers (no strings). */
  readonly integerPowerLevels: boolean;
  readonly knock: boolean;
  readonly restrictedJoins: boolean;
  readonly knockRestrictedJoins: boolean;
  /** The creator is the sender of the create event, not `content.creator`. */
  readonly creatorIsSender: boolean;
  /** Creators have infinite power; `additional_creators` counts. */
  readonly privilegedCreators: boolean;
  /** The room id is the hash of the create event, which has no `room_id`; the create event is in nobody's `auth_events`. */
  readonly roomIdIsCreateHash: boolean;
  /** `redacts` stands in `content`. */
  readonly redactsInContent: boolean;
  readonly redaction: RedactionRules;
}

/** What survives a redaction. https://spec.matrix.org/v1.19/rooms/v12/#redactions */
export interface RedactionRules {
  /** Top-level keys kept. */
  readonly topLevelKeys: readonly string[];
  /** Content keys kept for each event type; `'all'` keeps the content whole. `a.b` keeps key `b` of object `a`. */
  readonly contentKeys: Readonly<Record<string, readonly string[] | 'all'>>;
}

export type RoomVersion = '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '10' | '11' | '12';
