import type { Clock, Timer } from '#platform/clock/index.ts';
import type { Log } from '#platform/log/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { DeviceConnection, DeviceStore } from './device-store.ts';

/** Requests of this long are written down together; until then they are in memory only. */
const FLUSH_AFTER_MS = 60_000;
/** Devices in one batch. */
const CHUNK = 500;
/** Requests of one device that come closer together than this count as one. */
const GRANULARITY_MS = 1_000;
const MAX_USER_AGENT_LENGTH = 255;
/** Addresses and programs of one device remembered between two flushes. */
const MAX_CONNECTIONS = 20;

interface Seen {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  /** The newest last. */
  readonly connections: { readonly ip: string; readonly userAgent: string; lastSeenTs: number }[];
}

/** When and from where devices were last used: kept in memory and written in batches, never a write a request. */
export class DeviceActivity {
  #seen = new Map<UserId, Map<DeviceId, Seen>>();
  #timer: Timer | undefined;

  constructor(
    private readonly devices: DeviceStore,
    private readonly streams: Streams,
    private readonly clock: Clock,
    private readonly log: Pick<Log, 'warn'>,
  ) {}

  /** Whether the device was recorded within the last second. */
  wasJustSeen(userId: UserId, deviceId: DeviceId): boolean {
    const latest = this.#seen.get(userId)?.get(deviceId)?.connections.at(-1);
    return latest !== undefined && this.clock.now() - latest.lastSeenTs < GRANULARITY_MS;
  }

  record(userId: UserId, deviceId: DeviceId, ip: string, userAgent: string): void {
    const { connections } = this.#entry(userId, deviceId);
    const lastSeenTs = this.clock.now();
    const latest = connections.at(-1);
    if (latest?.ip === ip && latest.userAgent === userAgent) {
      latest.lastSeenTs = lastSeenTs;
      return;
    }
    const known = connections.findIndex((each) => each.ip === ip && each.userAgent === userAgent);
    if (known >= 0) connections.splice(known, 1);
    else if (connections.length >= MAX_CONNECTIONS) connections.shift();
    connections.push({ ip, userAgent, lastSeenTs });
  }

  /** What is not written yet of a user's devices, the newest connection last. */
  unwritten(userId: UserId): readonly DeviceConnection[] {
    return [...(this.#seen.get(userId)?.values() ?? [])].flatMap(toConnections);
  }

  /** Writes what is in memory; also when the server stops. */
  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const devices = [...this.#seen.values()].flatMap((ofUser) => [...ofUser.values()]);
    this.#seen = new Map();
    for (let start = 0; start < devices.length; start += CHUNK) {
      await this.streams.commit((batch) => {
        for (const seen of devices.slice(start, start + CHUNK)) {
          for (const connection of toConnections(seen)) {
            for (const statement of this.devices.seen(seen.userId, connection)) batch.add(statement);
          }
        }
      });
    }
  }

  #entry(userId: UserId, deviceId: DeviceId): Seen {
    let ofUser = this.#seen.get(userId);
    if (ofUser === undefined) {
      ofUser = new Map();
      this.#seen.set(userId, ofUser);
      this.#timer ??= this.clock.after(FLUSH_AFTER_MS, () => this.#flushLater());
    }
    let seen = ofUser.get(deviceId);
    if (seen === undefined) {
      seen = { userId, deviceId, connections: [] };
      ofUser.set(deviceId, seen);
    }
    return seen;
  }

  #flushLater(): void {
    // Losing a minute of "last seen" is no harm; the next requests are recorded as ever.
    this.flush().catch((error) => this.log.warn('accounts.activity_lost', { err: error }));
  }
}

function toConnections({ deviceId, connections }: Seen): DeviceConnection[] {
  return connections.map(({ ip, userAgent, lastSeenTs }) => ({
    deviceId,
    ip,
    userAgent: storableUserAgent(userAgent),
    lastSeenTs,
  }));
}

/** A header may hold anything; what a database cannot keep is left out. */
const storableUserAgent = (userAgent: string): string =>
  userAgent.slice(0, MAX_USER_AGENT_LENGTH).replaceAll('\0', '').toWellFormed();
