import { type AuthState, authorizeEvent, selectAuthEvents } from '../event-auth/index.ts';
import type { RoomEvent } from '../events/pdu.ts';
import type { EventId } from '../identifiers/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { createEventIdOf } from './create-event-id.ts';
import { chunksOf, load, PAUSE } from './pacing.ts';
import type { Resolution, ResolutionSources } from './sources.ts';
import { type StateMapKey, splitStateMapKey, stateMapKey, stateMapKeyOf } from './state-map-key.ts';

export interface ResolvingStateOptions {
  /** v1 and v2 start from the unconflicted state map, v2.1 from an empty one. */
  readonly startsEmpty: boolean;
  /** From v2, a key that the state lacks is taken from the `auth_events` of the event that is checked. */
  readonly fillsFromAuthEvents: boolean;
}

/** A room state being resolved: what it started from, read where needed, and the events applied to it since. */
export class ResolvingState {
  readonly applied = new Map<StateMapKey, RoomEvent>();

  constructor(
    private readonly conflicted: ReadonlyMap<StateMapKey, unknown>,
    private readonly sources: ResolutionSources,
    private readonly rules: RoomVersionRules,
    private readonly options: ResolvingStateOptions,
  ) {}

  apply(event: RoomEvent): void {
    this.applied.set(stateMapKeyOf(event), event);
  }

  /** The unconflicted state map at a key that a `look-up` has announced. */
  unconflicted(key: StateMapKey): EventId | undefined {
    return this.conflicted.has(key) ? undefined : this.sources.unconflicted(...splitStateMapKey(key));
  }

  /** The event at a key that `prepare` has made ready, without those that auth events would fill in. */
  private get(type: string, stateKey: string): RoomEvent | undefined {
    const key = stateMapKey(type, stateKey);
    const applied = this.applied.get(key);
    if (applied !== undefined || this.options.startsEmpty) return applied;
    const eventId = this.unconflicted(key);
    return eventId && this.sources.events.get(eventId);
  }

  /** The id of the event at any one key, without those that auth events would fill in. */
  *eventIdAt(type: string, stateKey: string): Resolution<EventId | undefined> {
    const key = stateMapKey(type, stateKey);
    const applied = this.applied.get(key);
    if (applied !== undefined || this.options.startsEmpty) return applied?.eventId;
    yield { kind: 'look-up', keys: [key] };
    return this.unconflicted(key);
  }

  /** What has been applied at these keys. */
  *resolvedAt(keys: Iterable<StateMapKey>): Resolution<Map<StateMapKey, EventId | undefined>> {
    const resolved = new Map<StateMapKey, EventId | undefined>();
    for (const chunk of chunksOf(keys)) {
      for (const key of chunk) resolved.set(key, this.applied.get(key)?.eventId);
      yield PAUSE;
    }
    return resolved;
  }

  /** Loads all that the auth rules read when they check these events, whatever is applied meanwhile. */
  *prepare(events: readonly RoomEvent[]): Resolution<void> {
    const needed = new Set<EventId>();
    if (!this.options.startsEmpty) {
      const keys = this.unconflictedKeysFor(events);
      yield { kind: 'look-up', keys };
      for (const key of keys) {
        const eventId = this.unconflicted(key);
        if (eventId !== undefined) needed.add(eventId);
      }
    }
    if (this.options.fillsFromAuthEvents) {
      for (const event of events) {
        for (const eventId of event.authEventIds) needed.add(eventId);
        if (this.rules.roomIdIsCreateHash) needed.add(createEventIdOf(event));
      }
    }
    yield* load('load', needed, this.sources.events);
  }

  /** Whether the auth rules allow an event, that `prepare` has made ready, in this state with `change` on top. */
  allows(event: RoomEvent, change?: RoomEvent): boolean {
    const state: AuthState = {
      get: (type, stateKey) => {
        if (change !== undefined && change.type === type && change.stateKey === stateKey) return change;
        return this.get(type, stateKey) ?? this.fromAuthEvents(event, type, stateKey);
      },
    };
    return authorizeEvent(event, state, this.rules).allowed;
  }

  private fromAuthEvents(event: RoomEvent, type: string, stateKey: string): RoomEvent | undefined {
    if (!this.options.fillsFromAuthEvents) return undefined;
    const { events } = this.sources;
    // From version 12 the room id stands for the create event in everyone's auth_events.
    if (this.rules.roomIdIsCreateHash && type === 'm.room.create' && stateKey === '') {
      return this.unlessRejected(events.get(createEventIdOf(event)));
    }
    for (const authEventId of event.authEventIds) {
      const authEvent = events.get(authEventId);
      if (authEvent?.type === type && authEvent.stateKey === stateKey) return this.unlessRejected(authEvent);
    }
    return undefined;
  }

  private unlessRejected(event: RoomEvent | undefined): RoomEvent | undefined {
    return event !== undefined && this.sources.isRejected?.(event.eventId) ? undefined : event;
  }

  private unconflictedKeysFor(events: readonly RoomEvent[]): readonly StateMapKey[] {
    const keys = new Set<StateMapKey>();
    for (const event of events) {
      for (const [type, stateKey] of selectAuthEvents(event, this.rules)) keys.add(stateMapKey(type, stateKey));
      if (this.rules.roomIdIsCreateHash) keys.add(stateMapKey('m.room.create', ''));
    }
    return [...keys].filter((key) => !this.conflicted.has(key));
  }
}

/**
 * The iterative auth checks algorithm: goes through sorted state events and applies each that the auth rules allow in the
 * state so far; others are ignored.
 * https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function* iterativeAuthChecks(events: readonly RoomEvent[], state: ResolvingState): Resolution<void> {
  for (const chunk of chunksOf(events)) {
    yield* state.prepare(chunk);
    for (const event of chunk) if (state.allows(event)) state.apply(event);
    yield PAUSE;
  }
}
