/**
 * Unread counts the simple way: each member's rules are evaluated apart, every notification is remembered, and counting
 * goes through all of them. What the slice stores compactly must come to the same.
 */
import type { UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import { evaluate, flattenEvent } from '#protocol/push-rules/index.ts';
import { type EventHook, EventStatus, type HotRoom, type NewEvent, type StoredEvent } from '#rooms/index.ts';
import type { Notifying } from '#test/notifying.ts';
import type { RoomUnread } from './unread-tallies.ts';

interface Remembered {
  readonly userId: UserId;
  readonly roomNid: number;
  readonly eventNid: number;
  readonly thread: string;
  readonly highlight: boolean;
}

interface Read {
  readonly userId: UserId;
  readonly roomNid: number;
  /** `undefined`: the whole room. */
  readonly thread: string | undefined;
  readonly upTo: number;
}

export class Reference implements EventHook {
  readonly #remembered: Remembered[] = [];
  readonly #positions = new Map<number, number>();
  readonly #read: Read[] = [];

  constructor(private readonly on: Notifying) {}

  async prepare(event: NewEvent, room: HotRoom): Promise<undefined> {
    const { rooms } = this.on.world;
    const roomNid = room.identity.nid;
    const members = await rooms.members.ofRoom(roomNid, 'join');
    const powerLevels = (await room.state.get('m.room.power_levels'))?.content;
    const push = {
      memberCount: members.length,
      senderPowerLevel: (await room.powerLevels()).userLevel(event.sender),
      notificationLevels: powerLevels?.notifications as JsonObject | undefined,
    };
    for (const { userId, displayName } of members) {
      if (this.on.ignored.get(userId)?.has(event.sender) || this.on.appserviceUsers.has(userId)) continue;
      const rules = (await this.on.restarted().pushRules.loadCompiled([userId])).get(userId)!;
      const verdict = evaluate(rules, flattenEvent(event, push), { userId, displayName });
      if (!verdict.notify) continue;
      const thread = await this.threadOf(event.content, 3);
      this.#remembered.push({ userId, roomNid, eventNid: event.nid, thread, highlight: verdict.highlight });
    }
    if (event.type === 'm.room.member' && event.content.membership === 'join') {
      const joiner = event.stateKey as UserId;
      if (!members.some(({ userId }) => userId === joiner)) this.#onceStored.set(event.nid, { joiner });
    } else if (event.stateKey === undefined && event.type !== 'm.room.redaction') {
      this.#onceStored.set(event.nid, { said: await this.threadOf(event.content, 3) });
    }
    return undefined;
  }

  readonly #onceStored = new Map<number, { readonly joiner?: UserId; readonly said?: string }>();

  committed(event: StoredEvent): void {
    const upTo = event.position!;
    this.#positions.set(event.nid, upTo);
    const { joiner, said } = this.#onceStored.get(event.nid) ?? {};
    const { roomNid } = event;
    if (joiner !== undefined) this.#read.push({ userId: joiner, roomNid, thread: undefined, upTo });
    if (said !== undefined) this.#read.push({ userId: event.sender, roomNid, thread: said, upTo });
  }

  read(userId: UserId, event: StoredEvent, threadId: string | undefined): void {
    const thread = threadId === 'main' ? '' : threadId;
    this.#read.push({ userId, roomNid: event.roomNid, thread, upTo: event.position! });
  }

  async threadOf(content: JsonObject, hops: number): Promise<string> {
    const relation = content['m.relates_to'];
    if (!isJsonObject(relation) || typeof relation.event_id !== 'string' || hops === 0) return '';
    if (relation.rel_type === 'm.thread') return relation.event_id;
    const parent = await this.on.world.rooms.events.byId(relation.event_id as StoredEvent['eventId']);
    return parent === undefined ? '' : this.threadOf(parent.content, hops - 1);
  }

  async counts(userId: UserId, roomNid: number): Promise<RoomUnread> {
    const byThread = new Map<string, { notify: number; highlight: number }>();
    for (const one of this.#remembered) {
      if (one.userId !== userId || one.roomNid !== roomNid) continue;
      const event = await this.on.world.rooms.events.byNid(one.eventNid);
      if (event.redactedBy !== undefined || event.status !== EventStatus.normal) continue;
      const position = this.#positions.get(one.eventNid)!;
      const isRead = this.#read.some(
        (read) =>
          read.userId === userId &&
          read.roomNid === roomNid &&
          (read.thread === undefined || read.thread === one.thread) &&
          read.upTo >= position,
      );
      if (isRead) continue;
      const tally = byThread.get(one.thread) ?? { notify: 0, highlight: 0 };
      byThread.set(one.thread, {
        notify: tally.notify + 1,
        highlight: tally.highlight + Number(one.highlight),
      });
    }
    const toCounts = (tallies: Iterable<{ notify: number; highlight: number }>) => {
      let [notificationCount, highlightCount] = [0, 0];
      for (const { notify, highlight } of tallies) {
        notificationCount += notify;
        highlightCount += highlight;
      }
      return { notificationCount, highlightCount };
    };
    const main = byThread.get('');
    const threads = [...byThread].filter(([thread]) => thread !== '');
    return {
      total: toCounts(byThread.values()),
      main: toCounts(main === undefined ? [] : [main]),
      threads: new Map(threads.map(([thread, tally]) => [thread, toCounts([tally])])),
    };
  }
}
