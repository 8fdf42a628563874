import type { Requester } from '#api/requester.ts';
import { invalidParam } from '#protocol/errors.ts';
import { isOwnMembership } from '#protocol/history-visibility/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { PushAction } from '#protocol/push-rules/index.ts';
import type { ClientEvents, EventStore, JoinedRooms, StoredEvent, Visibility } from '#rooms/index.ts';
import type { Audiences } from './audiences.ts';
import type { ListedRow, NotificationStore } from './notification-store.ts';
import { MARK_EVERYTHING, MARK_JOINED, type ReadMarkStore } from './read-mark-store.ts';

export interface ListRequest {
  readonly from?: string;
  readonly limit?: number;
  readonly only?: string;
}

export interface NotificationListDeps {
  readonly store: NotificationStore;
  readonly marks: ReadMarkStore;
  readonly audiences: Audiences;
  readonly joined: JoinedRooms;
  readonly events: EventStore;
  readonly visibility: Visibility;
  readonly clientEvents: ClientEvents;
}

/** A notification of one user. */
interface Listed extends ListedRow {
  readonly actions: readonly PushAction[];
}

interface Page {
  readonly before: number;
  /** One more than is shown, to tell whether there are more. */
  readonly count: number;
  readonly highlightsOnly: boolean;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;
/** Rooms asked for marks in one query. */
const CHUNK = 500;

/**
 * What a user was notified of, newest first: in the rooms they are in, since they came, and what notified them in
 * particular anywhere. https://spec.matrix.org/v1.19/client-server-api/#listing-notifications
 */
export class NotificationList {
  readonly #deps: NotificationListDeps;

  constructor(deps: NotificationListDeps) {
    this.#deps = deps;
  }

  /** The response body's text. @throws MatrixError 400 `M_INVALID_PARAM` for a token that is none. */
  async page(requester: Requester, request: ListRequest): Promise<string> {
    const { userId } = requester;
    const limit = Math.min(request.limit ?? DEFAULT_LIMIT, MAX_LIMIT);
    const page = { before: readToken(request.from), count: limit + 1, highlightsOnly: request.only === 'highlight' };
    const found = limit === 0 ? [] : await this.#newest(userId, page);
    const shown = found.slice(0, limit);
    const texts = await this.#serialize(shown, requester);
    const more = found.length > limit ? `"next_token":"${shown.at(-1)!.position}",` : '';
    return `{${more}"notifications":[${texts.join(',')}]}`;
  }

  async #newest(userId: UserId, page: Page): Promise<Listed[]> {
    const individuals = await this.#deps.store.ofUser(userId, page.before, page.count, page.highlightsOnly);
    const newest: Listed[] = individuals.map((row) => ({ ...row, actions: JSON.parse(row.actions) as PushAction[] }));
    const own = new Set(newest.map((row) => row.event_nid));
    const rooms = [...(await this.#deps.joined.of(userId)).values()];
    for (let at = 0; at < rooms.length; at += CHUNK) {
      const chunk = rooms.slice(at, at + CHUNK);
      const marks = await this.#deps.marks.marks(
        userId,
        chunk.map(({ nid }) => nid),
      );
      for (const { nid, position } of chunk) {
        // What is older than the page has room for need not be looked at.
        const least = newest.length < page.count ? 0 : newest[page.count - 1]!.position;
        const after = Math.max(marks.get(nid)?.get(MARK_JOINED) ?? position, least);
        const rows = await this.#inRoom(userId, nid, { after, before: page.before }, page);
        newest.push(...rows.filter((row) => !own.has(row.event_nid)));
        newest.sort((a, b) => b.position - a.position);
        newest.splice(page.count);
      }
    }
    return newest;
  }

  async #inRoom(
    userId: UserId,
    roomNid: number,
    range: { readonly after: number; readonly before: number },
    { count, highlightsOnly }: Page,
  ): Promise<Listed[]> {
    if (range.after >= range.before) return [];
    const { store, audiences } = this.#deps;
    const actionsOf = new Map<number, readonly PushAction[]>();
    for (const nid of await store.audiencesBetween(roomNid, range.after, range.before, userId, highlightsOnly)) {
      const notice = (await audiences.get(nid)).noticeFor(userId);
      if (notice !== null && (notice.highlight || !highlightsOnly)) actionsOf.set(nid, notice.actions);
    }
    if (actionsOf.size === 0) return [];
    const rows = await store.newestOf(roomNid, range, userId, [...actionsOf.keys()], count);
    return rows.map((row) => ({ ...row, actions: actionsOf.get(row.audience_nid)! }));
  }

  /** What the user may not see (any more) is left out, but for their own invites: those they have been shown. */
  async #serialize(listed: readonly Listed[], { userId, deviceId }: Requester): Promise<string[]> {
    const { events, visibility, clientEvents } = this.#deps;
    const byNid = await events.byNids(listed.map((row) => row.event_nid));
    const visible = new Map<number, StoredEvent>();
    for (const [, ofRoom] of Map.groupBy(byNid.values(), (event) => event.roomNid)) {
      for (const { event } of await visibility.filter(ofRoom, userId)) visible.set(event.nid, event);
      for (const event of ofRoom) if (isOwnMembership(event, userId)) visible.set(event.nid, event);
    }
    const rooms = [...new Set([...visible.values()].map((event) => event.roomNid))];
    const marks = await this.#deps.marks.marks(userId, rooms);
    const reader = { userId, deviceId };
    const texts: string[] = [];
    for (const { event_nid: nid, thread, position, actions } of listed) {
      const event = visible.get(nid);
      if (event === undefined) continue;
      const ofRoom = marks.get(event.roomNid);
      const readUpTo = Math.max(ofRoom?.get(MARK_EVERYTHING) ?? 0, ofRoom?.get(thread) ?? 0);
      const text = await clientEvents.serializeOne(event, { reader, withoutRoomId: true });
      texts.push(
        `{"actions":${JSON.stringify(actions)},"event":${text},"read":${position <= readUpTo},` +
          `"room_id":${JSON.stringify(event.roomId)},"ts":${event.originServerTs}}`,
      );
    }
    return texts;
  }
}

function readToken(token: string | undefined): number {
  if (token === undefined || token === '') return Number.MAX_SAFE_INTEGER;
  if (!/^[0-9]{1,15}$/.test(token)) throw invalidParam('from is not a token of this endpoint');
  return Number(token);
}
