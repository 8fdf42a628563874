import type { Accounts, Device } from '#accounts/index.ts';
import { deleteDevice, deleteDevices, getDevice, getDevices, updateDevice } from '#api/client/device-management.ts';
import { type RequestInfo, type Route, route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import { jsonResponse } from '#platform/http/index.ts';
import { notFound } from '#protocol/errors.ts';
import type { DeviceId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';

/** Every endpoint acts on the requester's own devices: nobody can name another user's. */
export function deviceRoutes({ devices, uia }: Pick<Accounts, 'devices' | 'uia'>): readonly Route[] {
  return [
    route(getDevices, async ({ requester }) => ({
      devices: (await devices.ofUser(requester.userId)).map(describe),
    })),
    route(getDevice, async ({ requester, params }) => {
      const device = await devices.find(requester.userId, params.deviceId);
      if (device === undefined) throw notFound('Unknown device');
      return describe(device);
    }),
    route(updateDevice, async ({ requester, params: { deviceId }, body }) => {
      const { userId } = requester;
      const displayName = body.display_name ?? undefined;
      const exists = (await devices.find(userId, deviceId)) !== undefined;
      if (!exists && requester.appserviceId !== undefined) {
        await devices.create(userId, deviceId, displayName);
        return jsonResponse(201, {});
      }
      if (!exists) throw notFound('Unknown device');
      if (body.display_name !== undefined) await devices.rename(userId, deviceId, displayName);
      return {};
    }),
    route(deleteDevice, async ({ requester, params: { deviceId }, body, request }) => {
      await prove(uia, requester, body?.auth, {}, request);
      await devices.delete(requester.userId, [deviceId]);
      return {};
    }),
    route(deleteDevices, async ({ requester, body, request }) => {
      const deviceIds: DeviceId[] = [...new Set(body.devices)].toSorted();
      await prove(uia, requester, body.auth, { devices: deviceIds }, request);
      await devices.delete(requester.userId, deviceIds);
      return {};
    }),
  ];
}

/** Clearing up takes many such requests: a recent proof is enough. Appservices have proved themselves by their token. */
async function prove(
  uia: Accounts['uia'],
  requester: Requester,
  auth: JsonObject | undefined,
  clientDict: JsonObject,
  request: RequestInfo,
): Promise<void> {
  if (requester.appserviceId !== undefined) return;
  await uia.run({ request, requester, auth, clientDict, mayReuse: true });
}

function describe({ deviceId, displayName, lastSeenIp, lastSeenTs, lastSeenUserAgent }: Device) {
  return {
    device_id: deviceId,
    ...(displayName === undefined ? {} : { display_name: displayName }),
    ...(lastSeenIp === undefined ? {} : { last_seen_ip: lastSeenIp }),
    ...(lastSeenTs === undefined ? {} : { last_seen_ts: lastSeenTs }),
    // Not in the specification, but shown by Element.
    ...(lastSeenUserAgent === undefined ? {} : { last_seen_user_agent: lastSeenUserAgent }),
  };
}
