import { decodeSyncToken } from '#platform/streams/index.ts';
import { invalidParam } from '#protocol/errors.ts';
import type { CompiledFilter } from '#protocol/filters/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { SyncFilters } from './sync-filters.ts';

export type SetPresence = 'online' | 'offline' | 'unavailable' | 'busy';

/** A `/sync`, read. */
export interface SyncRequest {
  readonly userId: UserId;
  readonly deviceId: DeviceId | undefined;
  /** Absent: an initial sync. */
  readonly since: number | undefined;
  readonly filter: CompiledFilter;
  readonly fullState: boolean;
  /** The name under which `state_after` was asked for; `undefined` for the classic `state`. */
  readonly stateAfterKey: 'state_after' | 'org.matrix.msc4222.state_after' | undefined;
  readonly setPresence: SetPresence;
  readonly timeoutMs: number;
}

interface Query {
  readonly filter?: string;
  readonly since?: string;
  readonly full_state?: boolean;
  readonly set_presence?: SetPresence;
  readonly timeout?: number;
  readonly use_state_after?: boolean;
  readonly 'org.matrix.msc4222.use_state_after'?: boolean;
}

/** The longest a client may wait. */
const MAX_TIMEOUT_MS = 120_000;

/**
 * Reads the query of a `/sync`.
 * @throws MatrixError 400 `M_INVALID_PARAM` for a token or filter that is none.
 */
export async function readSyncRequest(
  query: Query,
  requester: { readonly userId: UserId; readonly deviceId: DeviceId | undefined },
  filters: SyncFilters,
): Promise<SyncRequest> {
  return {
    userId: requester.userId,
    deviceId: requester.deviceId,
    since: readSince(query.since),
    filter: await filters.of(query.filter, requester.userId),
    fullState: query.full_state ?? false,
    stateAfterKey: query.use_state_after
      ? 'state_after'
      : query['org.matrix.msc4222.use_state_after']
        ? 'org.matrix.msc4222.state_after'
        : undefined,
    setPresence: query.set_presence ?? 'online',
    timeoutMs: Math.min(query.timeout ?? 0, MAX_TIMEOUT_MS),
  };
}

function readSince(token: string | undefined): number | undefined {
  if (token === undefined || token === '') return undefined;
  const position = decodeSyncToken(token);
  if (position === undefined) throw invalidParam('since is not a sync token');
  return position;
}
