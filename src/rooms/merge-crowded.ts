import type { Clock } from '#platform/clock/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { ExtremityStore } from './extremity-store.ts';
import { EXTREMITIES_BOUND, type mergeExtremities } from './merge-extremities.ts';

/** Rooms of one run at most, the worst first: the others have to wait for the next. */
const ROOMS_MAX = 50;
/** How long a room is left alone in which nothing could be done. */
const STUCK_MS = 6 * 3_600_000;
const STUCK_MAX = 1_000;

/** Keeps the extremities of all rooms few: to be run now and then. */
export class CrowdedRooms {
  /** Until when each room is left alone. */
  readonly #stuck = new Map<RoomId, number>();

  constructor(
    private readonly extremities: Pick<ExtremityStore, 'crowded'>,
    private readonly mergeRoom: (roomId: RoomId) => ReturnType<typeof mergeExtremities>,
    private readonly clock: Clock,
  ) {}

  /** Merges the extremities of rooms that have too many; one room after the other. Ends early once `signal` is aborted. */
  async run(signal?: AbortSignal): Promise<void> {
    this.#forgetOld();
    const crowded = await this.extremities.crowded(EXTREMITIES_BOUND, ROOMS_MAX + this.#stuck.size);
    const failures: unknown[] = [];
    for (const roomId of crowded.filter((one) => !this.#stuck.has(one)).slice(0, ROOMS_MAX)) {
      if (signal?.aborted) break;
      try {
        if ((await this.mergeRoom(roomId)) === 'stuck') this.#leaveAlone(roomId);
      } catch (error) {
        this.#leaveAlone(roomId);
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} rooms could not be merged`);
  }

  #leaveAlone(roomId: RoomId): void {
    if (this.#stuck.size < STUCK_MAX) this.#stuck.set(roomId, this.clock.now() + STUCK_MS);
  }

  #forgetOld(): void {
    const now = this.clock.now();
    for (const [roomId, until] of this.#stuck) if (until <= now) this.#stuck.delete(roomId);
  }
}
