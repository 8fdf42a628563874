/**
 * Reports: events, rooms and users that somebody finds inappropriate. Here is taking them and keeping them; showing them to
 * administrators is the admin API's, which reads them through `Reports`.
 * https://spec.matrix.org/v1.19/client-server-api/#reporting-content
 */
import { reportEvent, reportRoom, reportUser } from '#api/client/report-content.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Storage } from '#platform/storage/index.ts';
import type { EventId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { Rooms } from '#rooms/index.ts';
import { ReportStore } from './report-store.ts';
import { Reports } from './reports.ts';

export type { Report, ReportKind, ReportQuery } from './report-store.ts';
export type { Reports } from './reports.ts';

export interface ReportingDeps {
  readonly storage: Pick<Storage, 'reader' | 'transactor' | 'sequences'>;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly rooms: Pick<Rooms, 'directory' | 'visibility'>;
  /** Whether there is such a user of this server. */
  readonly userExists: (userId: UserId) => Promise<boolean>;
}

export function reportingFeature(deps: ReportingDeps): { routes: readonly Route[]; reports: Reports } {
  const { storage, clock, serverName, rooms, userExists } = deps;
  const reports = new Reports({
    store: new ReportStore(storage.reader),
    transactor: storage.transactor,
    sequences: storage.sequences,
    clock,
    serverName,
    rooms: rooms.directory,
    visibility: rooms.visibility,
    userExists,
  });
  const routes = [
    route(reportEvent, async ({ requester, params: { roomId, eventId }, body: { reason, score } }) => {
      await reports.reportEvent(requester.userId, roomId, eventId as EventId, { reason, score });
      return {};
    }),
    route(reportRoom, async ({ requester, params: { roomId }, body }) => {
      await reports.reportRoom(requester.userId, roomId, body.reason);
      return {};
    }),
    route(reportUser, async ({ requester, params: { userId }, body }) => {
      await reports.reportUser(requester.userId, userId, body.reason);
      return {};
    }),
  ];
  return { routes, reports };
}
