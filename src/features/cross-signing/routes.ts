import { uploadCrossSigningKeys, uploadCrossSigningSignatures } from '#api/client/cross-signing.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import { badJson, invalidParam } from '#protocol/errors.ts';
import { parseUserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import type { CrossSigningStore } from './cross-signing-store.ts';
import type { ConfirmIdentity } from './ports.ts';
import type { UploadCrossSigningKeys } from './upload-cross-signing-keys.ts';
import type { UploadSignatures } from './upload-signatures.ts';

export interface CrossSigningRouteDeps {
  readonly uploads: UploadCrossSigningKeys;
  readonly signatures: UploadSignatures;
  readonly keys: CrossSigningStore;
  readonly clock: Pick<Clock, 'now'>;
  readonly confirmIdentity: ConfirmIdentity;
}

export function crossSigningRoutes({
  uploads,
  signatures,
  keys,
  clock,
  confirmIdentity,
}: CrossSigningRouteDeps): Route[] {
  return [
    route(uploadCrossSigningKeys, async ({ requester, body, request }) => {
      await uploads.upload(requester.userId, body, async () => {
        if (requester.appserviceId !== undefined) return;
        if ((await keys.resetAllowedUntil(requester.userId)) > clock.now()) return;
        await confirmIdentity({ requester, request, body: body as JsonObject });
      });
      return {};
    }),
    route(uploadCrossSigningSignatures, async ({ requester, body }) => {
      for (const [userId, objects] of Object.entries(body)) {
        if (parseUserId(userId) === undefined) throw invalidParam(`'${userId}' is not a user id`);
        // The schema of a record passes over names with a line break.
        const isWellFormed = isJsonObject(objects) && Object.values(objects).every(isJsonObject);
        if (!isWellFormed) throw badJson('Signed keys must be objects by user and key');
      }
      return { failures: await signatures.upload(requester.userId, body) };
    }),
  ];
}
