import { createHash } from 'node:crypto';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { PushAction, PushVerdict } from '#protocol/push-rules/index.ts';

/** How an event notifies. */
export interface Notice {
  readonly actions: readonly PushAction[];
  readonly highlight: boolean;
}

/** Whom the events of an audience notify, but for their senders and for users who have a row of their own. */
export interface AudienceContent {
  /** Everybody in the room that no set names; `null` if not at all. */
  readonly others: Notice | null;
  /** Users whom they notify differently. Never highlights: those have rows of their own. */
  readonly sets: readonly { readonly notice: Notice | null; readonly users: readonly string[] }[];
}

/** What an event means for the members of a room, as it is stored. */
export interface Reach {
  /** `undefined`: it notifies nobody but `individuals`. */
  readonly audience: { readonly hash: string; readonly content: AudienceContent } | undefined;
  readonly individuals: readonly Individual[];
}

export interface Individual {
  readonly userId: UserId;
  readonly notice: Notice;
}

/** Users with the same verdict, by its key: the actions' JSON, empty for those who are not notified. */
export class Verdicts {
  readonly #groups = new Map<string, { readonly notice: Notice | null; readonly users: UserId[] }>();
  /** The last verdict and its group: neighbours mostly share it. */
  #last: PushVerdict | undefined;
  #lastUsers: UserId[] = [];

  add(userId: UserId, verdict: PushVerdict): void {
    if (verdict !== this.#last) {
      this.#last = verdict;
      this.#lastUsers = this.#groupOf(verdict);
    }
    this.#lastUsers.push(userId);
  }

  /**
   * The most compact form of it: what most users have is said once, who differs is a member of a set, and highlights that
   * most do not share are told one by one, so that audiences repeat from event to event.
   */
  reach(): Reach {
    const groups = [...this.#groups].sort(([a, x], [b, y]) => y.users.length - x.users.length || (a < b ? -1 : 1));
    const [most, ...rest] = groups;
    if (most === undefined) return { audience: undefined, individuals: [] };
    const individuals: Individual[] = [];
    const sets: AudienceContent['sets'][number][] = [];
    for (const [, { notice, users }] of rest.sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (notice?.highlight) individuals.push(...users.map((userId) => ({ userId, notice })));
      else sets.push({ notice, users: users.sort() });
    }
    const content: AudienceContent = { others: most[1].notice, sets };
    const isHeard = content.others !== null || sets.some(({ notice }) => notice !== null);
    return { audience: isHeard ? { hash: hashOf(content), content } : undefined, individuals };
  }

  #groupOf(verdict: PushVerdict): UserId[] {
    const key = keyOf(verdict);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { notice: verdict.notify ? noticeOf(verdict) : null, users: [] };
      this.#groups.set(key, group);
    }
    return group.users;
  }
}

export function noticeOf({ actions, highlight }: PushVerdict): Notice {
  return { actions, highlight };
}

/** An audience read back, for asking about one user after the other. */
export class Audience {
  readonly #others: Notice | null;
  readonly #byUser = new Map<string, Notice | null>();

  constructor(content: AudienceContent) {
    this.#others = content.others;
    for (const { notice, users } of content.sets) for (const user of users) this.#byUser.set(user, notice);
  }

  /** Rough memory it takes. */
  get sizeBytes(): number {
    return 200 + 120 * this.#byUser.size;
  }

  /** How its events notify a member of the room who sent none of them and has no row of their own. */
  noticeFor(userId: UserId): Notice | null {
    const own = this.#byUser.get(userId);
    return own === undefined ? this.#others : own;
  }
}

const KEYS = new WeakMap<PushVerdict, string>();

/** Verdicts are shared between events, so their keys are made once. */
function keyOf(verdict: PushVerdict): string {
  if (!verdict.notify) return '';
  let key = KEYS.get(verdict);
  if (key === undefined) {
    key = JSON.stringify(verdict.actions);
    KEYS.set(verdict, key);
  }
  return key;
}

function hashOf(content: AudienceContent): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url');
}
