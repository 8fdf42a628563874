/** The tables of `notifications`. How they fit together: docs/decisions/0003-one-row-an-event-that-notifies.md. */

/** An event that notified the users of its audience. Rows go when the event is redacted. */
export interface NotifiedEventRow {
  readonly room_nid: number;
  /** Of the event. */
  readonly position: number;
  readonly event_nid: number;
  /** Never notified, though the audience does not say so. */
  readonly sender: string;
  /** Event id of the thread's root; empty in the main timeline. */
  readonly thread: string;
  readonly audience_nid: number;
  /** 1 if it is a highlight for most. */
  readonly highlight: number;
}

/** Who an event notifies; shared by the events of a room that notify alike. Never changed. */
export interface AudienceRow {
  readonly audience_nid: number;
  readonly room_nid: number;
  readonly hash: string;
  /** `AudienceContent` as JSON. */
  readonly content: string;
}

/** A user whom an event notified otherwise than its audience says: a highlight of their own, or an invite. */
export interface NotifiedUserRow {
  readonly user_id: string;
  readonly room_nid: number;
  readonly position: number;
  readonly event_nid: number;
  readonly thread: string;
  /** Of the event, if it notified others too: what is said there of the user does not hold. */
  readonly audience_nid: number | null;
  readonly highlight: number;
  /** JSON array. */
  readonly actions: string;
}

/** How far a local user has read. */
export interface ReadMarkRow {
  readonly user_id: string;
  readonly room_nid: number;
  /** A thread as above, or one of `MARK_EVERYTHING` and `MARK_JOINED`. */
  readonly thread: string;
  readonly position: number;
}

export interface PusherRow {
  readonly pusher_id: number;
  readonly user_id: string;
  readonly app_id: string;
  readonly pushkey: string;
  readonly kind: string;
  readonly app_display_name: string;
  readonly device_display_name: string;
  readonly profile_tag: string | null;
  readonly lang: string;
  /** JSON object. */
  readonly data: string;
  readonly enabled: number;
  /** Of whoever set it up. */
  readonly device_id: string | null;
  readonly session_id: number | null;
  readonly created_ts: number;
}
