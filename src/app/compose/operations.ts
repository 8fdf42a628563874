import { MatrixError, notFound } from '#protocol/errors.ts';
import {
  parseNewUserLocalpart,
  parseUserId,
  serverNameOf,
  type UserId,
  userId as userIdOf,
} from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Operations } from '../operations.ts';
import type { AccountSlices } from './accounts.ts';
import type { Platform } from './platform.ts';

/** What the command line may ask of a server. */
export function composeOperations({ config }: Platform, { accounts }: AccountSlices): Operations {
  const { serverName } = config.server;
  const named = (args: JsonObject): UserId => {
    const name = String(args.name ?? '');
    const whole = parseUserId(name);
    if (whole !== undefined) {
      if (serverNameOf(whole) === serverName) return whole;
      throw new MatrixError('M_INVALID_USERNAME', `${whole} is on another server: user ids here end in :${serverName}`);
    }
    const localpart = parseNewUserLocalpart(name.replace(/^@/, ''));
    if (localpart === undefined)
      throw new MatrixError('M_INVALID_USERNAME', 'User names are made of a-z, 0-9 and . _ = / + -');
    return userIdOf(localpart, serverName);
  };
  const existing = async (args: JsonObject): Promise<UserId> => {
    const userId = named(args);
    const user = await accounts.users.find(userId);
    if (user === undefined) throw notFound(`There is no user ${userId}`);
    if (user.isDeactivated) throw notFound(`${userId} is deactivated`);
    return userId;
  };
  return {
    ping: async () => true,
    async createUser(args) {
      const userId = named(args);
      const passwordHash = await accounts.passwords.hash(String(args.password));
      await accounts.lifecycle.create({ userId, passwordHash, isAdmin: args.admin === true });
      return { user_id: userId };
    },
    listUsers: async () =>
      (await accounts.users.all()).map((user) => ({
        user_id: user.userId,
        admin: user.isAdmin,
        guest: user.isGuest,
        deactivated: user.isDeactivated,
        locked: user.isLocked,
        suspended: user.isSuspended,
      })),
    async resetPassword(args) {
      const userId = await existing(args);
      const passwordHash = await accounts.passwords.hash(String(args.password));
      await accounts.lifecycle.setPassword(userId, passwordHash, args.keep_sessions === true ? 'nobody' : undefined);
      return true;
    },
    async deactivateUser(args) {
      await accounts.lifecycle.deactivate(await existing(args), { erase: args.erase === true });
      return true;
    },
  };
}
