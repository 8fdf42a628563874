import type { Contribution, EventHook, EventPlace } from './draft.ts';
import type { HotRoom } from './hot-room.ts';
import type { RedactionInForce } from './persist.ts';
import type { StateChange } from './state-view.ts';
import type { StoredEvent } from './stored-event.ts';

/** What the slices add to the batch of an event that is the room's next; `changes` is all that it changes of the state. */
export async function contributionsOf(
  hooks: readonly EventHook[],
  event: StoredEvent,
  room: HotRoom,
  place: EventPlace,
  changes: readonly StateChange[],
): Promise<Contribution[]> {
  const contributions: Contribution[] = [];
  for (const hook of hooks) {
    const prepared = hook.prepare?.(event, room, place);
    const contribution = prepared instanceof Promise ? await prepared : prepared;
    if (contribution !== undefined) contributions.push(contribution);
    if (changes.length === 0) continue;
    const derived = await hook.prepareState?.(changes, room);
    if (derived !== undefined) contributions.push(derived);
  }
  return contributions;
}

/** What a redaction takes effect on, as it is then; `undefined` if that has been redacted before. */
export function redactedBy(redaction: StoredEvent, redactsNow: RedactionInForce | undefined): StoredEvent | undefined {
  const target = redactsNow?.target;
  return target === undefined || target.redactedBy !== undefined ? undefined : target.redactedWith(redaction.eventId);
}

/** What a redaction changes of the state: the entry that it takes effect on, if that event is in force. */
export async function changeByRedaction(redacted: StoredEvent | undefined, room: HotRoom): Promise<StateChange[]> {
  if (redacted?.stateKey === undefined) return [];
  const { type, stateKey } = redacted;
  const before = await room.state.get(type, stateKey);
  return before?.nid === redacted.nid ? [{ type, stateKey, before, after: redacted }] : [];
}
