import { type RoomId, type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import type { CurrentStateChange, EventHook, RoomEngine, StoredEvent } from '#rooms/index.ts';
import type { MemberContents } from './member-content.ts';
import type { MembershipConfig } from './ports.ts';

interface AutoAcceptDeps {
  readonly engine: RoomEngine;
  readonly serverName: ServerName;
  readonly contents: MemberContents;
  readonly config: MembershipConfig['autoAcceptInvites'];
  readonly report: (error: unknown) => void;
}

/** Joins users into the rooms that they are invited to, where the configuration says so. */
export class AutoAcceptInvites implements EventHook {
  constructor(private readonly deps: AutoAcceptDeps) {}

  stateChanged(changes: readonly CurrentStateChange[]): void {
    for (const { type, stateKey, room, after } of changes) {
      if (type !== 'm.room.member' || after === undefined || !this.#isAccepted(after)) continue;
      const target = stateKey as UserId;
      if (this.#isLocal(target)) this.#join(room.roomId, target).catch(this.deps.report);
    }
  }

  #isAccepted({ content, sender }: StoredEvent): boolean {
    const { enabled, onlyForDirectMessages, onlyFromLocalUsers } = this.deps.config;
    if (!enabled || content.membership !== 'invite') return false;
    if (onlyForDirectMessages && content.is_direct !== true) return false;
    return !onlyFromLocalUsers || this.#isLocal(sender);
  }

  #isLocal(userId: UserId): boolean {
    return serverNameOf(userId) === this.deps.serverName;
  }

  async #join(roomId: RoomId, userId: UserId): Promise<void> {
    const content = await this.deps.contents.of('join', userId);
    await this.deps.engine.send(roomId, { type: 'm.room.member', stateKey: userId, sender: userId, content });
  }
}
