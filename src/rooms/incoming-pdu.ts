import type { Pdu, RoomEvent } from '#protocol/events/index.ts';
import type { EventId, KeyId, RoomId, ServerName } from '#protocol/identifiers/index.ts';
import type { RoomVersionRules } from '#protocol/room-versions/index.ts';
import type { StoredEvent } from './stored-event.ts';

/** An event as another server sent it: nothing about it is known to be true. */
export interface IncomingPdu {
  readonly json: unknown;
  /** The text it was read from, where that is at hand: only it shows numbers written as floats. */
  readonly text?: string | undefined;
}

/** What became of an event that was received. */
export type ReceiptVerdict =
  /** It took its place in the timeline. */
  | { readonly kind: 'accepted'; readonly event: StoredEvent }
  /** Right where its sender put it, but not as the room is now: it is kept, shown to nobody and built upon by nobody here. */
  | { readonly kind: 'soft-failed'; readonly event: StoredEvent; readonly reason: string }
  /** It is kept so that it need not be asked for again. */
  | { readonly kind: 'rejected'; readonly event: StoredEvent; readonly reason: string }
  /** It was here before. */
  | { readonly kind: 'known'; readonly event: StoredEvent }
  /** Nothing was kept: it can be received again once these are here. */
  | {
      readonly kind: 'missing';
      readonly eventId: EventId;
      readonly of: 'prev_events' | 'auth_events';
      readonly missing: readonly EventId[];
    }
  /** Nothing was kept: it is no event, or not by whom it claims to be. */
  | { readonly kind: 'dropped'; readonly eventId?: EventId; readonly reason: string };

/** Where servers' signing keys come from: the federation layer's keyring. */
export interface KeyProvider {
  /**
   * The public key (base64), or `undefined` if there is none to be had. `validAt`, in milliseconds, where the room version
   * wants the key to have been valid when the event was made.
   */
  publicKey(
    serverName: ServerName,
    keyId: KeyId,
    validAt: number | undefined,
  ): string | undefined | Promise<string | undefined>;
}

/** Where auth events come from that are not here. */
export interface AuthEventSource {
  /** The events, as far as they can be had; others of their auth chains may come along. */
  fetch(roomId: RoomId, eventIds: readonly EventId[], origin: ServerName | undefined): Promise<readonly IncomingPdu[]>;
}

/** https://spec.matrix.org/v1.19/server-server-api/#policy-servers */
export interface PolicyServers {
  /** Why the room's policy server does not want the event; `undefined` if it does, or if there is none. */
  refusalOf(roomId: RoomId, pdu: Pdu): Promise<string | undefined>;
}

/** What receiving events needs of other servers. */
export interface ReceivingPorts {
  readonly keys: KeyProvider;
  readonly authEvents?: AuthEventSource | undefined;
  readonly policyServers?: PolicyServers | undefined;
}

export interface ReceiveOptions {
  /** The server that sent the events here: the first one to ask for what is missing. */
  readonly origin?: ServerName | undefined;
  /** Makes the room, if it is unknown, of its create event, which must be among the events. */
  readonly newRoom?: RoomVersionRules | undefined;
}

/** An event that has passed the checks which need no state. */
export interface CheckedEvent {
  readonly event: RoomEvent;
  /** Why the policy server does not want it. */
  readonly refusal?: string | undefined;
}
