import { badJson, MatrixError } from '#protocol/errors.ts';
import { type EventId, fitsBytes, type UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import type { EventStore } from '#rooms/index.ts';
import type { AskedEvent } from './check-content.ts';
import type { SendEventDeps } from './ports.ts';

interface RelationDeps {
  readonly events: EventStore;
  readonly isDuplicateAnnotation: SendEventDeps['isDuplicateAnnotation'];
}

interface Relation {
  readonly type: string;
  readonly parent: EventId;
  readonly key: string | undefined;
}

/** Longer reactions are no reactions. */
const MAX_KEY_BYTES = 500;

/**
 * Checks what an event relates to; most events relate to nothing, and then nothing is looked up.
 * @throws MatrixError 400 `M_DUPLICATE_ANNOTATION` for a reaction that the sender has made already; 400 `M_BAD_JSON` for a
 *   thread on an event that relates to another itself, and for a parent that is not in the room.
 * https://spec.matrix.org/v1.19/client-server-api/#forming-relationships-between-events
 */
export function checkRelation(event: AskedEvent, sender: UserId, deps: RelationDeps): void | Promise<void> {
  const relation = relationOf(event.content);
  if (relation !== undefined) return check(event, relation, sender, deps);
}

async function check(
  event: AskedEvent,
  { type, parent, key }: Relation,
  sender: UserId,
  deps: RelationDeps,
): Promise<void> {
  const target = await deps.events.byId(parent);
  if (target !== undefined && target.roomId !== event.roomId)
    throw badJson('The event is related to one of another room');
  if (target === undefined) throw badJson('The event is related to one that this server does not know');
  if (type === 'm.annotation') {
    if (key === undefined || !fitsBytes(key, MAX_KEY_BYTES))
      throw badJson('The key of an annotation must be a short string');
    if (await deps.isDuplicateAnnotation(event.roomId, sender, parent, key, event.type)) {
      throw new MatrixError('M_DUPLICATE_ANNOTATION', 'You have annotated this event with this key already');
    }
  }
  if (type === 'm.thread' && relationOf(target.content) !== undefined) {
    throw badJson('A thread cannot start from an event that relates to another');
  }
}

function relationOf(content: JsonObject): Relation | undefined {
  const relation = content['m.relates_to'];
  if (!isJsonObject(relation)) return undefined;
  const { rel_type: type, event_id: parent, key } = relation;
  if (typeof type !== 'string' || typeof parent !== 'string') return undefined;
  return { type, parent: parent as EventId, key: typeof key === 'string' ? key : undefined };
}
