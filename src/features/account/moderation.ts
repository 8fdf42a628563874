import type { Account, Lifecycle, UserStore } from '#accounts/index.ts';
import type { Requester } from '#api/requester.ts';
import { forbidden, invalidParam, notFound } from '#protocol/errors.ts';
import { type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';

/** Locking and suspending accounts. https://spec.matrix.org/v1.19/client-server-api/#account-moderation */
export class Moderation {
  constructor(
    private readonly users: UserStore,
    private readonly lifecycle: Lifecycle,
    private readonly serverName: ServerName,
  ) {}

  /**
   * An account that the administrator `by` may look at. Throws `M_INVALID_PARAM` for users of other servers, `M_NOT_FOUND`
   * for unknown and deactivated ones, `M_FORBIDDEN` for other administrators.
   */
  async find(by: Requester, userId: UserId): Promise<Account> {
    if (serverNameOf(userId) !== this.serverName) throw invalidParam('The user does not belong to this server');
    const account = await this.users.find(userId);
    if (account === undefined || account.isDeactivated) throw notFound('User not found');
    if (account.isAdmin && userId !== by.userId) throw forbidden('The user is an administrator');
    return account;
  }

  /** Throws as `find`, and `M_FORBIDDEN` for one's own account. */
  async setLocked(by: Requester, userId: UserId, isLocked: boolean): Promise<void> {
    await this.#set(by, userId, { isLocked });
  }

  /** Throws as `setLocked`. */
  async setSuspended(by: Requester, userId: UserId, isSuspended: boolean): Promise<void> {
    await this.#set(by, userId, { isSuspended });
  }

  async #set(by: Requester, userId: UserId, flags: Partial<Pick<Account, 'isLocked' | 'isSuspended'>>): Promise<void> {
    await this.find(by, userId);
    if (userId === by.userId) throw forbidden('You cannot do this to your own account');
    await this.lifecycle.setFlags(userId, flags);
  }
}
