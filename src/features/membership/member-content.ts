import { type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Membership } from '#rooms/index.ts';
import type { MemberProfile, MembershipConfig } from './ports.ts';

interface ContentDeps {
  readonly serverName: ServerName;
  readonly profileOf: (userId: UserId) => Promise<MemberProfile>;
  readonly config: Pick<MembershipConfig, 'allowPerRoomProfiles' | 'includeProfileDataOnInvite'>;
}

/** The contents of member events. */
export class MemberContents {
  constructor(private readonly deps: ContentDeps) {}

  /**
   * The content that gives `target` a membership: what the client sent besides, and, for who is or comes in, the profile
   * unless the client chose another for this room. Who authorises a join is for the server alone to say.
   */
  async of(membership: Membership, target: UserId, sent: JsonObject = {}): Promise<JsonObject> {
    const { join_authorised_via_users_server: _authoriser, ...rest } = sent;
    const content: JsonObject = { ...rest, membership };
    if (!this.#showsProfile(membership, target)) return content;
    const profile = await this.deps.profileOf(target);
    for (const key of ['displayname', 'avatar_url'] as const) {
      if (this.deps.config.allowPerRoomProfiles && content[key] !== undefined) continue;
      if (profile[key] === undefined) delete content[key];
      else content[key] = profile[key];
    }
    return content;
  }

  #showsProfile(membership: Membership, target: UserId): boolean {
    if (serverNameOf(target) !== this.deps.serverName) return false;
    if (membership === 'invite') return this.deps.config.includeProfileDataOnInvite;
    return membership === 'join' || membership === 'knock';
  }
}
