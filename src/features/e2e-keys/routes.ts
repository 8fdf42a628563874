import { claimKeys, claimKeysOfAlgorithms, queryKeys, uploadKeys } from '#api/client/keys.ts';
import { type Route, route } from '#api/endpoint.ts';
import { badJson, invalidParam } from '#protocol/errors.ts';
import { type DeviceId, parseUserId, type UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject } from '#protocol/json.ts';
import type { AllServersKeys } from './all-servers.ts';
import type { UploadKeys } from './upload-keys.ts';

export function e2eKeysRoutes(uploads: UploadKeys, keys: AllServersKeys): Route[] {
  return [
    route(uploadKeys, async ({ requester: { userId, deviceId }, body }) => {
      if (deviceId === undefined) throw invalidParam('This access token has no device to upload keys for');
      const upload = {
        device_keys: body.device_keys ?? undefined,
        one_time_keys: body.one_time_keys ?? undefined,
        fallback_keys: body.fallback_keys ?? undefined,
      };
      return { one_time_key_counts: await uploads.upload(userId, deviceId, upload) };
    }),
    route(queryKeys, ({ requester, body }) =>
      keys.query(byUser(body.device_keys, toDeviceIds), requester.userId, body.timeout),
    ),
    route(claimKeys, ({ body }) =>
      keys.claim(
        byUser(body.one_time_keys, (devices) => byDevice(devices, (algorithm) => [algorithm])),
        body.timeout,
      ),
    ),
    route(claimKeysOfAlgorithms, ({ body }) =>
      keys.claim(
        byUser(body.one_time_keys, (devices) => byDevice(devices, (algorithms) => algorithms)),
        body.timeout,
      ),
    ),
  ];
}

function byUser<From, To>(object: Readonly<Record<string, From>>, convert: (value: From) => To): Map<UserId, To> {
  const map = new Map<UserId, To>();
  for (const [text, value] of Object.entries(object)) {
    const userId = parseUserId(text);
    if (userId === undefined) throw invalidParam(`'${text}' is not a user id`);
    map.set(userId, convert(value));
  }
  return map;
}

// The schema of a record passes over names with a line break: what stands there is checked here.

function toDeviceIds(value: readonly string[]): DeviceId[] {
  if (!isTexts(value)) throw badJson('Expected a list of device ids');
  return value as DeviceId[];
}

function byDevice<From>(
  object: Readonly<Record<string, From>>,
  convert: (value: From) => readonly string[],
): Map<DeviceId, readonly string[]> {
  if (!isJsonObject(object)) throw badJson('Expected an object with device ids');
  const map = new Map<DeviceId, readonly string[]>();
  for (const [deviceId, value] of Object.entries(object)) {
    const algorithms = convert(value);
    if (!isTexts(algorithms)) throw badJson('Expected the name of an algorithm');
    map.set(deviceId as DeviceId, algorithms);
  }
  return map;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
