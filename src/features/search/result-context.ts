import {
  type ClientEvents,
  type CurrentState,
  type EventReader,
  encodeTimelineToken,
  placeAfter,
  placeBefore,
  type RoomDirectory,
  type StoredEvent,
  type TimelineStore,
  type Visibility,
  type VisibleEvent,
} from '#rooms/index.ts';

export interface ContextStores {
  readonly directory: RoomDirectory;
  readonly timeline: TimelineStore;
  readonly visibility: Visibility;
  readonly current: CurrentState;
  readonly clientEvents: ClientEvents;
}

/** What a client asked to be told around each result. */
export interface ContextRequest {
  readonly before_limit?: number;
  readonly after_limit?: number;
  readonly include_profile?: boolean;
}

const DEFAULT_LIMIT = 5;
const MAX_LIMIT = 50;
/** What is read at a time: some of it may not be for the reader. */
const READ = 60;

/** The JSON text of a result's `context`. */
export async function contextText(
  event: StoredEvent,
  request: ContextRequest,
  reader: EventReader,
  ignored: ReadonlySet<string>,
  stores: ContextStores,
): Promise<string> {
  const { timeline, visibility, clientEvents } = stores;
  const around = async (read: Promise<StoredEvent[]>, limit: number | undefined): Promise<VisibleEvent[]> =>
    (await visibility.filter(await read, reader.userId, { ignored })).slice(0, limitOf(limit));
  const before = await around(timeline.backward(event.roomNid, placeBefore(event), READ), request.before_limit);
  const after = await around(timeline.forward(event.roomNid, placeAfter(event), READ), request.after_limit);
  const texts = (events: readonly VisibleEvent[]) =>
    clientEvents.serialize(
      events.map((one) => one.event),
      { reader, memberships: new Map(events.map((one) => [one.event.nid, one.membership])) },
    );
  const parts = [
    `"start":${JSON.stringify(encodeTimelineToken(placeBefore(before.at(-1)?.event ?? event)))}`,
    `"end":${JSON.stringify(encodeTimelineToken(placeAfter(after.at(-1)?.event ?? event)))}`,
    `"events_before":[${(await texts(before)).join(',')}]`,
    `"events_after":[${(await texts(after)).join(',')}]`,
  ];
  if (request.include_profile === true) {
    const senders = [...before, { event }, ...after].map((one) => one.event.sender);
    parts.push(`"profile_info":${JSON.stringify(await profilesAt(event, new Set(senders), stores))}`);
  }
  return `{${parts.join(',')}}`;
}

/** How users called themselves in the room by then. */
async function profilesAt(
  event: StoredEvent,
  users: Iterable<string>,
  { current, directory }: ContextStores,
): Promise<Record<string, { displayname?: string; avatar_url?: string }>> {
  if (event.stateAfter === undefined) return {};
  const state = current.at(await directory.get(event.roomNid), event.stateAfter);
  const profiles: [string, { displayname?: string; avatar_url?: string }][] = [];
  for (const userId of users) {
    const { displayname, avatar_url: avatarUrl } = (await state.get('m.room.member', userId))?.content ?? {};
    profiles.push([
      userId,
      {
        ...(typeof displayname === 'string' && { displayname }),
        ...(typeof avatarUrl === 'string' && { avatar_url: avatarUrl }),
      },
    ]);
  }
  return Object.fromEntries(profiles);
}

function limitOf(asked: number | undefined): number {
  return Math.min(asked ?? DEFAULT_LIMIT, MAX_LIMIT);
}
