import { type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import type { EventHook, RoomEngine, StoredEvent } from '#rooms/index.ts';
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

  committed(event: StoredEvent): void {
    const { enabled, onlyForDirectMessages, onlyFromLocalUsers } = this.deps.config;
    if (!enabled || event.type !== 'm.room.member' || event.content.membership !== 'invite') return;
    if (onlyForDirectMessages && event.content.is_direct !== true) return;
    if (onlyFromLocalUsers && !this.#isLocal(event.sender)) return;
    const target = event.stateKey as UserId;
    if (this.#isLocal(target)) this.#join(event, target).catch(this.deps.report);
  }

  #isLocal(userId: UserId): boolean {
    return serverNameOf(userId) === this.deps.serverName;
  }

  async #join({ roomId }: StoredEvent, userId: UserId): Promise<void> {
    const content = await this.deps.contents.of('join', userId);
    await this.deps.engine.send(roomId, { type: 'm.room.member', stateKey: userId, sender: userId, content });
  }
}
