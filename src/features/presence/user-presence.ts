import type { JsonObject } from '#protocol/json.ts';

/** `busy` is of MSC3026. */
export type PresenceState = 'online' | 'unavailable' | 'offline' | 'busy';

export interface PresenceTimes {
  /** So long after the last activity a user still counts as active this moment. */
  readonly lastActiveGranularityMs: number;
  /** So long after a request that keeps a device online it is. */
  readonly syncOnlineTimeoutMs: number;
  /** So long without activity, and a user is unavailable. */
  readonly idleTimeoutMs: number;
}

/** What others are told of a user; the time of the last activity goes along. */
export interface ShownPresence {
  readonly presence: PresenceState;
  readonly statusMsg: string | undefined;
  readonly currentlyActive: boolean;
}

interface DevicePresence {
  presence: PresenceState;
  /** Without another request it is offline from then on. */
  connectedUntil: number;
}

const RANK: Readonly<Record<PresenceState, number>> = { offline: 0, unavailable: 1, online: 2, busy: 3 };

/**
 * One user's presence: that of the device which is the most present, and unavailable when nothing has been done for long.
 * Times are in milliseconds since the epoch and come in as parameters.
 * https://spec.matrix.org/v1.19/client-server-api/#presence
 */
export class UserPresence {
  readonly #devices = new Map<string, DevicePresence>();
  statusMsg: string | undefined;
  /** 0: never. */
  lastActiveTs: number;

  constructor(statusMsg: string | undefined, lastActiveTs: number) {
    this.statusMsg = statusMsg;
    this.lastActiveTs = lastActiveTs;
  }

  /** A device has said how present it is, and stays so until `connectedUntil`. */
  set(deviceId: string, presence: PresenceState, connectedUntil: number): void {
    this.#devices.set(deviceId, { presence, connectedUntil });
  }

  /**
   * A device is connected. That alone is no activity, except that of coming back: from being offline, or from a presence that
   * the device itself has declared.
   */
  connect(deviceId: string, presence: PresenceState, connectedUntil: number, now: number): void {
    const device = this.#devices.get(deviceId);
    const was = device === undefined || device.connectedUntil <= now ? 'offline' : device.presence;
    if (RANK[presence] >= RANK.online && RANK[was] < RANK.online) this.lastActiveTs = now;
    this.set(deviceId, presence, Math.max(connectedUntil, device?.connectedUntil ?? 0));
  }

  /** Something has been done: whoever was idle is back. */
  act(now: number): void {
    this.lastActiveTs = now;
    for (const device of this.#devices.values()) if (device.presence === 'unavailable') device.presence = 'online';
  }

  /** What it is now. */
  shown(now: number, { idleTimeoutMs, lastActiveGranularityMs }: PresenceTimes): ShownPresence {
    let presence: PresenceState = 'offline';
    for (const [deviceId, device] of this.#devices) {
      if (device.connectedUntil <= now) this.#devices.delete(deviceId);
      else if (RANK[device.presence] > RANK[presence]) presence = device.presence;
    }
    const inactiveMs = now - this.lastActiveTs;
    if (presence === 'online' && inactiveMs >= idleTimeoutMs) presence = 'unavailable';
    const currentlyActive = presence === 'online' && inactiveMs < lastActiveGranularityMs;
    return { presence, statusMsg: this.statusMsg, currentlyActive };
  }

  /** When it changes next by itself; `undefined`: not before somebody does something. */
  nextChange(now: number, { idleTimeoutMs, lastActiveGranularityMs }: PresenceTimes): number | undefined {
    const times = [...this.#devices.values()].map(({ connectedUntil }) => connectedUntil);
    if (times.length === 0) return undefined;
    const activeUntil = [this.lastActiveTs + lastActiveGranularityMs, this.lastActiveTs + idleTimeoutMs];
    return Math.min(...times, ...activeUntil.filter((time) => time > now));
  }
}

/** As on the wire, in `m.presence` and in answer to a request. */
export function presenceContent(
  { presence, statusMsg, currentlyActive }: ShownPresence,
  lastActiveTs: number,
  now: number,
): JsonObject & { presence: PresenceState } {
  return {
    presence,
    ...(lastActiveTs > 0 ? { last_active_ago: Math.max(0, now - lastActiveTs) } : {}),
    ...(presence === 'online' || presence === 'busy' ? { currently_active: currentlyActive } : {}),
    ...(statusMsg === undefined ? {} : { status_msg: statusMsg }),
  };
}

export function sameShown(a: ShownPresence, b: ShownPresence): boolean {
  return a.presence === b.presence && a.statusMsg === b.statusMsg && a.currentlyActive === b.currentlyActive;
}
