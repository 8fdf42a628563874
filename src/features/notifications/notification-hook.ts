import type { Sequences } from '#platform/storage/index.ts';
import type { StreamBatch } from '#platform/streams/index.ts';
import { parseUserId, type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject } from '#protocol/json.ts';
import { type CompiledRules, type FlatEvent, flattenEvent, type PushRoom } from '#protocol/push-rules/index.ts';
import {
  type Contribution,
  DUMMY_EVENT,
  type EventHook,
  type EventPlace,
  type HotRoom,
  type NewEvent,
  type StateChange,
  type StoredEvent,
} from '#rooms/index.ts';
import { type Individual, noticeOf, Verdicts } from './audience.ts';
import { EventEvaluator, SILENT } from './event-evaluator.ts';
import type { NotificationStore } from './notification-store.ts';
import type { NotificationSources } from './ports.ts';
import type { ReadMarks } from './read-marks.ts';
import type { RecentNotices } from './recent-notices.ts';
import { HotRecipients, invitee, type KnownAudience, type RoomRecipients } from './room-recipients.ts';
import { MAIN_THREAD, type Threads } from './threads.ts';
import type { UnreadChanges } from './unread-changes.ts';

export interface NotificationHookDeps {
  readonly store: NotificationStore;
  readonly marks: ReadMarks;
  readonly threads: Threads;
  readonly changes: UnreadChanges;
  readonly recent: RecentNotices;
  readonly sources: NotificationSources;
  readonly sequences: Pick<Sequences, 'next'>;
  readonly serverName: ServerName;
}

/** Whom an event notifies, ready to be stored with it. */
interface Outcome {
  readonly audience: KnownAudience | undefined;
  readonly individuals: readonly Individual[];
}

const NOBODY: Outcome = { audience: undefined, individuals: [] };

/**
 * Finds out whom an event notifies, in the queue of its room, and stores it in the event's batch. The cost of finding out
 * follows the members, a fraction of a microsecond each; the cost of storing does not.
 */
export class NotificationHook implements EventHook {
  readonly #deps: NotificationHookDeps;
  readonly #recipients: HotRecipients;

  constructor(deps: NotificationHookDeps) {
    this.#deps = deps;
    this.#recipients = new HotRecipients(deps.store);
  }

  async prepare(event: NewEvent, room: HotRoom, place: EventPlace): Promise<Contribution | undefined> {
    // Nobody has said anything, and there is nothing to be shown.
    if (event.type === DUMMY_EVENT) return undefined;
    const asked = this.#recipients.of(room);
    const recipients = asked instanceof Promise ? await asked : asked;
    const invited = place.isInForce ? this.#localUser(invitee(event)) : undefined;
    const isAlone = recipients.joined.size <= (recipients.joined.has(event.sender) ? 1 : 0);
    const outcome = isAlone && invited === undefined ? NOBODY : await this.#evaluate(event, room, recipients, invited);
    const found = this.#threadFor(event, outcome);
    const thread = found instanceof Promise ? await found : found;
    const mark = this.#markFor(event, thread, room, recipients);
    const { redacted } = place;
    const spoken = mark?.thread === MAIN_THREAD ? recipients.speak(event.sender) : undefined;
    if (spoken === undefined && thread === MAIN_THREAD && outcome !== NOBODY) recipients.interrupt(event.sender);
    if (outcome === NOBODY && mark === undefined && redacted === undefined) return undefined;
    return (batch, stored) => {
      const { position } = stored;
      if (position === undefined) return;
      spoken?.();
      if (outcome !== NOBODY) this.#store(batch, { ...placeOf(stored, position), thread }, outcome);
      if (mark !== undefined) this.#deps.marks.advance(batch, { ...mark, upTo: position, position });
      if (redacted?.position !== undefined) this.#forget(batch, redacted.roomNid, redacted.position, position);
    };
  }

  /** Whoever comes into the room has nothing to read yet, and goes by the name that they have in it. */
  async prepareState(changes: readonly StateChange[], room: HotRoom): Promise<Contribution | undefined> {
    const { nid: roomNid } = room.identity;
    const recipients = await this.#recipients.of(room);
    const joiners: UserId[] = [];
    for (const { type, stateKey, after } of changes) {
      const userId = type === 'm.room.member' ? this.#localUser(stateKey) : undefined;
      if (userId === undefined) continue;
      const isJoined = after?.content.membership === 'join';
      recipients.rename(userId, isJoined ? after?.content.displayname : undefined);
      if (isJoined && !recipients.joined.has(userId)) joiners.push(userId);
    }
    if (joiners.length === 0) return undefined;
    return (batch, { position }) => {
      if (position === undefined) return;
      const mark = { roomNid, thread: undefined, upTo: position, position, joined: true };
      for (const userId of joiners) this.#deps.marks.advance(batch, { ...mark, userId });
    };
  }

  async #evaluate(
    event: NewEvent,
    room: HotRoom,
    recipients: RoomRecipients,
    invited: UserId | undefined,
  ): Promise<Outcome> {
    const { sources } = this.#deps;
    const flat = flattenEvent(event, await pushRoom(event, room));
    const evaluator = new EventEvaluator(flat, (userId) => recipients.nameOf(userId));
    const asked = sources.ignorersOf(event.sender, recipients.joined);
    const ignorers = asked instanceof Promise ? await asked : asked;
    const verdicts = new Verdicts();
    const add = (userId: UserId, rules: CompiledRules) =>
      verdicts.add(userId, ignorers.has(userId) ? SILENT : evaluator.verdict(rules, userId));
    const unknown: UserId[] = [];
    for (const userId of recipients.joined) {
      if (userId === event.sender || sources.isAppserviceUser(userId)) continue;
      const rules = sources.pushRules.peekCompiled(userId);
      if (rules === undefined) unknown.push(userId);
      else add(userId, rules);
    }
    if (unknown.length > 0) {
      const loaded = await sources.pushRules.loadCompiled(unknown);
      for (const userId of unknown) add(userId, loaded.get(userId)!);
    }
    const { audience, individuals } = verdicts.reach();
    const invite = invited === undefined ? undefined : await this.#evaluateInvite(invited, flat);
    const all = invite === undefined ? individuals : [...individuals, invite];
    if (audience === undefined && all.length === 0) return NOBODY;
    return {
      audience: audience && (await this.#audience(audience, room, recipients)),
      individuals: all,
    };
  }

  /** Whoever is invited is no member yet, and has the invite alone. */
  async #evaluateInvite(userId: UserId, flat: FlatEvent): Promise<Individual | undefined> {
    const { pushRules, ignorersOf, isAppserviceUser } = this.#deps.sources;
    if (isAppserviceUser(userId) || (await ignorersOf(flat.sender as UserId, [userId])).has(userId)) return undefined;
    const rules = pushRules.peekCompiled(userId) ?? (await pushRules.loadCompiled([userId])).get(userId)!;
    const verdict = new EventEvaluator(flat, () => undefined).verdict(rules, userId);
    return verdict.notify ? { userId, notice: noticeOf(verdict) } : undefined;
  }

  async #audience(
    wanted: Pick<KnownAudience, 'hash' | 'content'>,
    room: HotRoom,
    recipients: RoomRecipients,
  ): Promise<KnownAudience> {
    const known = recipients.findAudience(wanted.hash);
    if (known !== undefined) return known;
    const stored = await this.#deps.store.findAudience(room.identity.nid, wanted.hash);
    const nid = stored ?? this.#deps.sequences.next('row');
    return recipients.addAudience({ ...wanted, nid, isWritten: stored !== undefined });
  }

  /** The thread is needed for what is stored alone. */
  #threadFor(event: NewEvent, outcome: Outcome): string | Promise<string> {
    return outcome === NOBODY && !this.#marksOwn(event) ? MAIN_THREAD : this.#deps.threads.of(event);
  }

  /** Whoever says something in a thread has read it up to there. */
  #markFor(event: NewEvent, thread: string, room: HotRoom, recipients: RoomRecipients) {
    if (!this.#marksOwn(event)) return undefined;
    if (thread === MAIN_THREAD && recipients.hasLastWord(event.sender)) return undefined;
    return { userId: event.sender, roomNid: room.identity.nid, thread };
  }

  /** State is often sent without a look at the room, by profile changes for one. */
  #marksOwn(event: NewEvent): boolean {
    const { sender } = event;
    const speaks = event.stateKey === undefined && event.type !== 'm.room.redaction';
    return speaks && serverNameOf(sender) === this.#deps.serverName && !this.#deps.sources.isAppserviceUser(sender);
  }

  #localUser(text: string | undefined): UserId | undefined {
    const userId = text === undefined ? undefined : parseUserId(text);
    return userId !== undefined && serverNameOf(userId) === this.#deps.serverName ? userId : undefined;
  }

  #store(
    batch: StreamBatch,
    event: ReturnType<typeof placeOf> & { readonly thread: string },
    { audience, individuals }: Outcome,
  ): void {
    const { store, changes, recent } = this.#deps;
    if (audience !== undefined) {
      if (!audience.isWritten) {
        batch.add(store.addAudience(audience.nid, event.roomNid, audience.hash, audience.content));
        audience.isWritten = true;
      }
      batch.add(store.addEvent(event, audience.nid, audience.content.others?.highlight ?? false));
    }
    for (const individual of individuals) batch.add(store.addUser(event, audience?.nid, individual));
    const { position, thread, sender } = event;
    batch.afterCommit(() => {
      changes.notified(event.roomNid, position);
      recent.add(event.roomNid, { position, thread, sender, audienceNid: audience?.nid, individuals });
    });
  }

  #forget(batch: StreamBatch, roomNid: number, redacted: number, position: number): void {
    for (const query of this.#deps.store.removeEvent(roomNid, redacted)) batch.add(query);
    batch.afterCommit(() => this.#deps.changes.redacted(roomNid, position));
  }
}

function placeOf(event: StoredEvent, position: number) {
  return { roomNid: event.roomNid, position, nid: event.nid, sender: event.sender };
}

async function pushRoom(event: NewEvent, room: HotRoom): Promise<PushRoom> {
  const powerLevels = await room.powerLevels();
  const notifications = (await room.state.get('m.room.power_levels'))?.content.notifications;
  return {
    memberCount: await room.joinedCount(),
    senderPowerLevel: powerLevels.userLevel(event.sender),
    notificationLevels: isJsonObject(notifications) ? notifications : undefined,
  };
}
