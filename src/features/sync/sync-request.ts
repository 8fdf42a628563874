import { type CompiledFilter, compileFilter, parseFilter } from '#protocol/filters/index.ts';
import { invalidParam, MatrixError } from '#protocol/errors.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import { decodeSyncToken } from '#platform/streams/index.ts';
import type { SyncSources } from './sources.ts';

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
  sources: Pick<SyncSources, 'filterById'>,
): Promise<SyncRequest> {
  return {
    userId: requester.userId,
    deviceId: requester.deviceId,
    since: readSince(query.since),
    filter: await readFilter(query.filter, requester.userId, sources),
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

async function readFilter(
  text: string | undefined,
  userId: UserId,
  sources: Pick<SyncSources, 'filterById'>,
): Promise<CompiledFilter> {
  if (text === undefined || text === '') return compileFilter();
  if (!text.startsWith('{')) {
    const stored = await sources.filterById(userId, text);
    if (stored === undefined) throw invalidParam('No such filter');
    return compileFilter(parseFilter(stored));
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new MatrixError('M_NOT_JSON', 'filter is not JSON');
  }
  return compileFilter(parseFilter(json));
}
