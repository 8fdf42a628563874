import type { Clock } from '#platform/clock/index.ts';
import type { Sequences, Transactor } from '#platform/storage/index.ts';
import { invalidParam, MatrixError, notFound } from '#protocol/errors.ts';
import { type EventId, type RoomId, type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import type { RoomDirectory, Visibility } from '#rooms/index.ts';
import type { Report, ReportKind, ReportQuery, ReportStore } from './report-store.ts';

export interface ReportsDeps {
  readonly store: ReportStore;
  readonly transactor: Transactor;
  readonly sequences: Sequences;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly rooms: RoomDirectory;
  readonly visibility: Visibility;
  /** Whether there is such a user of this server. */
  readonly userExists: (userId: UserId) => Promise<boolean>;
}

const MAX_REASON_LENGTH = 1000;

/** Takes reports of events, rooms and users, and keeps them for the administrators. */
export class Reports {
  constructor(private readonly deps: ReportsDeps) {}

  /** @throws MatrixError 404 `M_NOT_FOUND` unless the reporter is in the room and may see the event. */
  async reportEvent(
    reporter: UserId,
    roomId: RoomId,
    eventId: EventId,
    said: { readonly reason?: string | undefined; readonly score?: number | undefined },
  ): Promise<void> {
    const { visibility } = this.deps;
    const refused = notFound('The event was not found, or you are not joined to the room');
    await visibility.requireJoined(roomId, reporter).catch((error: unknown) => {
      throw error instanceof MatrixError ? refused : error;
    });
    const found = await visibility.find(eventId, roomId, reporter);
    if (found === undefined) throw refused;
    if (said.score !== undefined && !Number.isSafeInteger(said.score)) throw invalidParam('The score is out of range');
    await this.#store({ kind: 'event', reporter, roomId, eventId, targetUserId: found.event.sender, ...said });
  }

  /** Whoever has met with a room may report it, member or not. @throws MatrixError 404 `M_NOT_FOUND` for an unknown room. */
  async reportRoom(reporter: UserId, roomId: RoomId, reason: string): Promise<void> {
    if ((await this.deps.rooms.find(roomId)) === undefined) throw notFound('The room was not found');
    await this.#store({ kind: 'room', reporter, roomId, reason });
  }

  /** Does not tell whether there is such a user: reports of those who do not exist are dropped. */
  async reportUser(reporter: UserId, targetUserId: UserId, reason: string): Promise<void> {
    checkReason(reason);
    const isLocal = serverNameOf(targetUserId) === this.deps.serverName;
    if (isLocal && !(await this.deps.userExists(targetUserId))) return;
    await this.#store({ kind: 'user', reporter, targetUserId, reason });
  }

  find(kind: ReportKind, id: number): Promise<Report | undefined> {
    return this.deps.store.find(kind, id);
  }

  list(query: ReportQuery): Promise<Report[]> {
    return this.deps.store.list(query);
  }

  count(query: ReportQuery): Promise<number> {
    return this.deps.store.count(query);
  }

  /** Whether there was such a report. */
  async delete(kind: ReportKind, id: number): Promise<boolean> {
    const removed = await this.deps.transactor.commit((batch) => batch.add(this.deps.store.remove(kind, id)));
    return removed.rows.length > 0;
  }

  async #store(said: Pick<Report, 'kind' | 'reporter'> & Partial<Report>): Promise<void> {
    checkReason(said.reason);
    const { store, transactor, sequences, clock } = this.deps;
    await transactor.commit((batch) => {
      const blank = {
        roomId: undefined,
        eventId: undefined,
        targetUserId: undefined,
        reason: undefined,
        score: undefined,
      };
      batch.add(store.insert({ ...blank, ...said, id: sequences.next('row'), receivedTs: clock.now() }));
    });
  }
}

function checkReason(reason: string | undefined): void {
  if (reason !== undefined && reason.length > MAX_REASON_LENGTH) {
    throw invalidParam(`The reason must not have more than ${MAX_REASON_LENGTH} characters`);
  }
}
