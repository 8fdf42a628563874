/** The room engine's tables: events, state trees, extremities, memberships. Only the room engine writes them. */

export interface RoomTables {
  rooms: {
    room_nid: number;
    room_id: string;
    version: string;
    /** The resolved state of the room now; null while only outliers are known. */
    current_root: Uint8Array | null;
  };
  events: {
    event_nid: number;
    event_id: string;
    room_nid: number;
    /** Place in the room's timeline: positive as received live, negative as backfilled, null for an outlier or a rejected event. */
    position: number | null;
    depth: number;
    type: string;
    state_key: string | null;
    sender: string;
    origin_server_ts: number;
    /** 0 normal, 1 outlier, 2 soft-failed, 3 rejected: `EventStatus`. */
    status: number;
    /** The state before the event; null for outliers. */
    state_before: Uint8Array | null;
    /** The state after it, where that differs from the state before. */
    state_after: Uint8Array | null;
    /** The event id of the redaction in force on this event. */
    redacted_by: string | null;
    /** The content's JSON text, spliced into answers as it is. */
    content: string;
    /** The other keys of the PDU that no column holds (hashes, signatures, edges, what its sender added), as JSON: see `pdu-rest`. */
    rest: string;
    /** What `unsigned` holds for everybody, as JSON: `replaces_state`, `prev_content`, `prev_sender`, the membership text. */
    unsigned: string | null;
    /** Of state events, the length of the longest way down the auth events; null for others. */
    auth_rank: number | null;
  };
  /** Which state events name which auth events: the way up the auth graph, for state resolution. */
  state_auth_edges: { auth_nid: number; event_nid: number };
  /** Which event a redaction names, whether or not that event is here yet. */
  redactions: { event_nid: number; room_nid: number; redacts: string };
  forward_extremities: { room_nid: number; event_nid: number };
  backward_extremities: { room_nid: number; event_id: string };
  state_keys: { state_key_nid: number; type: string; state_key: string };
  state_nodes: { room_nid: number; hash: Uint8Array; body: Uint8Array };
  /** Every change of a room's current state, in stream order: what a sync token has missed. */
  state_deltas: {
    position: number;
    room_nid: number;
    state_key_nid: number;
    type: string;
    state_key: string;
    /** null when the entry went away through state resolution. */
    event_nid: number | null;
    previous_event_nid: number | null;
  };
  /** The current membership of each user that a room's state has a member event for. */
  memberships: {
    room_nid: number;
    user_id: string;
    membership: string;
    /** Sender of the member event: who invited, kicked or banned. */
    sender: string;
    event_nid: number;
    /** Stream position of the change. */
    position: number;
    display_name: string | null;
    avatar_url: string | null;
    /** Whether the user is one of this server's. */
    is_local: number;
    /** 1 once the user has forgotten the room. */
    is_forgotten: number;
    /** For invites and knocks from rooms this server is not in: the stripped state, as JSON. */
    stripped_state: string | null;
  };
}

/** `events.status`. The three conditions differ in who may see the event. */
export const EventStatus = { normal: 0, outlier: 1, softFailed: 2, rejected: 3 } as const;
export type EventStatus = (typeof EventStatus)[keyof typeof EventStatus];
