import type { Requester } from '#api/requester.ts';
import type { RegistrationConfig, RoomsConfig } from '#platform/config/index.ts';
import { forbidden, MatrixError, notFound } from '#protocol/errors.ts';
import { type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';
import type { MembershipStore } from '#rooms/index.ts';
import type { Profiles } from './profiles.ts';

export type ProfileConfig = Pick<
  RoomsConfig,
  | 'requireAuthForProfileRequests'
  | 'limitProfileRequestsToSharedRooms'
  | 'maxAvatarSizeBytes'
  | 'allowedAvatarMimetypes'
> &
  Pick<RegistrationConfig, 'enableSetDisplayname' | 'enableSetAvatarUrl'>;

export interface ProfileAccessDeps {
  readonly profiles: Profiles;
  readonly serverName: ServerName;
  readonly members: MembershipStore;
  /** Whether a user is joined to a room that anybody may join or read. */
  readonly isInPublicRoom: (userId: UserId) => Promise<boolean>;
  readonly config: ProfileConfig;
  /** Asks the user's own server. */
  readonly remoteProfile: ((userId: UserId) => Promise<JsonObject | undefined>) | undefined;
  /** What an avatar's `mxc:` URI leads to. */
  readonly avatarMedia:
    | ((uri: string) => Promise<{ readonly sizeBytes: number; readonly contentType: string } | undefined>)
    | undefined;
}

/** Who may read and write which profiles. */
export class ProfileAccess {
  constructor(private readonly deps: ProfileAccessDeps) {}

  /**
   * A user's profile as `requester` may see it.
   * @throws MatrixError 404 for a user without one; 401 or 403 where the server shows profiles only to its users, or to those
   *   who can see the user anyway. https://spec.matrix.org/v1.19/client-server-api/#profiles
   */
  async read(requester: Requester | undefined, userId: UserId): Promise<JsonObject> {
    await this.#requireVisible(requester, userId);
    const { profiles, remoteProfile } = this.deps;
    const fields = this.#isLocal(userId) ? await profiles.fieldsOf(userId) : await remoteProfile?.(userId);
    if (fields === undefined) throw notFound('Profile was not found');
    return fields;
  }

  /**
   * Whether `requester` may set a field of a user's profile to `value`.
   * @throws MatrixError 403 `M_FORBIDDEN`, `M_GUEST_ACCESS_FORBIDDEN`; 404 for a user that an administrator made up.
   */
  async checkWrite(requester: Requester, userId: UserId, key: string, value: JsonValue | undefined): Promise<void> {
    if (requester.userId !== userId && !(requester.isAdmin && this.#isLocal(userId))) {
      throw forbidden("You cannot change other users' profiles");
    }
    if (requester.isGuest && key !== 'displayname') {
      throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests may only set their display name');
    }
    const fields = await this.deps.profiles.fieldsOf(userId);
    if (requester.userId !== userId && fields === undefined) throw notFound('No such user');
    if (requester.isAdmin) return;
    // What is set once by the server's operator (from LDAP, say) is theirs; what never was set is free.
    if (this.#isFixed(key) && fields?.[key] !== undefined)
      throw forbidden(`Changing ${key} is disabled on this server`);
    if (key === 'avatar_url' && typeof value === 'string') await this.#checkAvatar(value);
  }

  #isFixed(key: string): boolean {
    const { enableSetDisplayname, enableSetAvatarUrl } = this.deps.config;
    return (key === 'displayname' && !enableSetDisplayname) || (key === 'avatar_url' && !enableSetAvatarUrl);
  }

  async #checkAvatar(uri: string): Promise<void> {
    const { maxAvatarSizeBytes, allowedAvatarMimetypes } = this.deps.config;
    if (maxAvatarSizeBytes === undefined && allowedAvatarMimetypes === undefined) return;
    const media = await this.deps.avatarMedia?.(uri);
    if (media === undefined) throw forbidden('This avatar cannot be checked, and so is not allowed');
    if (maxAvatarSizeBytes !== undefined && media.sizeBytes > maxAvatarSizeBytes) {
      throw forbidden('This avatar is too large');
    }
    if (allowedAvatarMimetypes !== undefined && !allowedAvatarMimetypes.includes(media.contentType)) {
      throw forbidden('Avatars of this type are not allowed');
    }
  }

  async #requireVisible(requester: Requester | undefined, userId: UserId): Promise<void> {
    const { requireAuthForProfileRequests, limitProfileRequestsToSharedRooms } = this.deps.config;
    if (requester === undefined) {
      if (!requireAuthForProfileRequests && !limitProfileRequestsToSharedRooms) return;
      throw new MatrixError('M_MISSING_TOKEN', 'Profiles need an access token');
    }
    if (!limitProfileRequestsToSharedRooms || requester.userId === userId || requester.isAdmin) return;
    if (await this.deps.members.shareRoom(requester.userId, userId)) return;
    // Nor is it told whether there is such a user.
    if (!(await this.deps.isInPublicRoom(userId))) throw forbidden('You do not share a room with this user');
  }

  #isLocal(userId: UserId): boolean {
    return serverNameOf(userId) === this.deps.serverName;
  }
}
