import { deleteProfileField, getProfileField, getUserProfile, setProfileField } from '#api/client/profile.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import { notFound } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonValue } from '#protocol/json.ts';
import type { ProfileAccess } from './profile-access.ts';
import { checkKey, readValue } from './profile-field.ts';
import type { Profiles } from './profiles.ts';

export function profileRoutes(profiles: Profiles, access: ProfileAccess): readonly Route[] {
  const write = async (
    requester: Requester,
    { userId, keyName }: { readonly userId: UserId; readonly keyName: string },
    value: JsonValue | undefined,
    propagate: boolean | undefined,
  ) => {
    await access.checkWrite(requester, userId, keyName, value);
    // The rooms of a shadow-banned user never learn of anything they do.
    await profiles.setField(userId, keyName, value, propagate !== false && !requester.isShadowBanned);
    return {};
  };
  return [
    route(getUserProfile, ({ requester, params: { userId } }) => access.read(requester, userId)),
    route(getProfileField, async ({ requester, params: { userId, keyName } }) => {
      checkKey(keyName);
      const fields = await access.read(requester, userId);
      if (!Object.hasOwn(fields, keyName)) throw notFound(`The profile has no ${keyName}`);
      return { [keyName]: fields[keyName] };
    }),
    route(setProfileField, ({ requester, params, query, body }) => {
      checkKey(params.keyName);
      const value = readValue(params.keyName, body);
      return write(requester, params, value, query['org.matrix.msc4069.propagate']);
    }),
    route(deleteProfileField, ({ requester, params, query }) => {
      checkKey(params.keyName);
      return write(requester, params, undefined, query['org.matrix.msc4069.propagate']);
    }),
  ];
}
