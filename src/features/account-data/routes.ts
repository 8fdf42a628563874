import {
  deleteAccountData,
  deleteAccountDataPerRoom,
  getAccountData,
  getAccountDataPerRoom,
  setAccountData,
  setAccountDataPerRoom,
} from '#api/client/account-data.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import { forbidden, MatrixError, notFound } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { AccountData } from './account-data.ts';
import type { AccountDataKey } from './account-data-store.ts';

/** Account data that a part of the server writes: clients read it here and change it elsewhere. */
export interface ServerManagedData {
  /** The whole push rules of a user, as the content of `m.push_rules`. */
  pushRules?(userId: UserId): Promise<JsonObject>;
}

/** https://spec.matrix.org/v1.19/client-server-api/#server-behaviour-12 */
const SERVER_MANAGED: ReadonlySet<string> = new Set(['m.fully_read', 'm.push_rules']);

export function accountDataRoutes(accountData: AccountData, managed: ServerManagedData): readonly Route[] {
  const get = async (requester: Requester, userId: UserId, key: AccountDataKey): Promise<JsonObject> => {
    requireOwn(requester, userId);
    const isPushRules = key.type === 'm.push_rules' && key.roomId === undefined;
    const content = isPushRules ? await managed.pushRules?.(userId) : await accountData.get(userId, key);
    if (content === undefined) throw notFound('Account data not found');
    return content;
  };
  const set = async (requester: Requester, userId: UserId, key: AccountDataKey, content: JsonObject) => {
    requireOwn(requester, userId);
    if (SERVER_MANAGED.has(key.type)) {
      throw new MatrixError('M_BAD_JSON', `Cannot set ${key.type} through this API`, { status: 405 });
    }
    await accountData.set(userId, key, content);
    return {};
  };
  return [
    route(getAccountData, ({ requester, params: { userId, type } }) => get(requester, userId, { type })),
    route(setAccountData, ({ requester, params: { userId, type }, body }) => set(requester, userId, { type }, body)),
    route(deleteAccountData, ({ requester, params: { userId, type } }) => set(requester, userId, { type }, {})),
    route(getAccountDataPerRoom, ({ requester, params: { userId, ...key } }) => get(requester, userId, key)),
    route(setAccountDataPerRoom, ({ requester, params: { userId, ...key }, body }) =>
      set(requester, userId, key, body),
    ),
    route(deleteAccountDataPerRoom, ({ requester, params: { userId, ...key } }) => set(requester, userId, key, {})),
  ];
}

function requireOwn(requester: Requester, userId: UserId): void {
  if (requester.userId !== userId) throw forbidden("You cannot read or write other users' account data");
}
