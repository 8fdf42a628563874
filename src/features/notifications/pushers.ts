import type { Static } from '@sinclair/typebox';
import type { getPushers, postPusher } from '#api/client/pusher.ts';
import type { Requester } from '#api/requester.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Batch, Sequences, Transactor } from '#platform/storage/index.ts';
import { invalidParam, MatrixError } from '#protocol/errors.ts';
import { type DeviceId, fitsBytes, type UserId } from '#protocol/identifiers/index.ts';
import type { PusherStore } from './pusher-store.ts';
import type { PusherRow } from './tables.ts';

type PusherBody = Static<typeof postPusher.body>;
type PusherJson = Static<typeof getPushers.response>['pushers'][number];

const MAX_APP_ID_BYTES = 64;
const MAX_PUSHKEY_BYTES = 512;
/** Far above what clients send: names, tags and the data object. */
const MAX_TEXT_BYTES = 1024;
const MAX_DATA_BYTES = 64 * 1024;
const GATEWAY_PATH = '/_matrix/push/v1/notify';

/**
 * Where users want to be told of notifications. Here they are only kept.
 * https://spec.matrix.org/v1.19/client-server-api/#push-notifications
 */
export class Pushers {
  constructor(
    private readonly store: PusherStore,
    private readonly writing: { readonly transactor: Transactor; readonly sequences: Pick<Sequences, 'next'> },
    private readonly clock: Clock,
  ) {}

  async list(userId: UserId): Promise<PusherJson[]> {
    return (await this.store.ofUser(userId)).map(toJson);
  }

  /** @throws MatrixError 400 `M_MISSING_PARAM`, `M_INVALID_PARAM`. */
  async set(requester: Requester, body: PusherBody): Promise<void> {
    const { userId } = requester;
    const { app_id: appId, pushkey, kind, append } = body;
    if (!fitsBytes(appId, MAX_APP_ID_BYTES)) throw invalidParam(`'app_id' must not exceed ${MAX_APP_ID_BYTES} bytes`);
    if (!fitsBytes(pushkey, MAX_PUSHKEY_BYTES))
      throw invalidParam(`'pushkey' must not exceed ${MAX_PUSHKEY_BYTES} bytes`);
    if (kind === null) {
      await this.writing.transactor.commit((batch) => batch.add(this.store.remove(userId, appId, pushkey)));
      return;
    }
    const described = describe(kind, body);
    await this.writing.transactor.commit((batch) => {
      if (!append) batch.add(this.store.removeOfOthers(userId, appId, pushkey));
      batch.add(
        this.store.put({
          ...described,
          pusher_id: this.writing.sequences.next('row'),
          user_id: userId,
          device_id: requester.deviceId ?? null,
          session_id: requester.tokenId ?? null,
          created_ts: this.clock.now(),
        }),
      );
    });
  }

  /** In the batch that ends sessions: what was set up in them goes. */
  sessionsEnded(batch: Batch, userId: UserId, sessionIds: readonly number[]): void {
    for (const sessionId of sessionIds) batch.add(this.store.removeOfSession(userId, sessionId));
  }

  /** In the batch that deletes devices. */
  devicesDeleted(batch: Batch, userId: UserId, deviceIds: readonly DeviceId[]): void {
    for (const deviceId of deviceIds) batch.add(this.store.removeOfDevice(userId, deviceId));
  }

  /** In the batch that deactivates an account. */
  accountDeactivated(batch: Batch, userId: UserId): void {
    batch.add(this.store.removeOfUser(userId));
  }
}

type Described = Omit<PusherRow, 'pusher_id' | 'user_id' | 'device_id' | 'session_id' | 'created_ts'>;

function describe(kind: string, body: PusherBody): Described {
  const { app_display_name: appName, device_display_name: deviceName, lang, data } = body;
  if (appName === undefined || deviceName === undefined || lang === undefined || data === undefined) {
    const required = ['app_display_name', 'device_display_name', 'lang', 'data'] as const;
    const missing = required.filter((name) => body[name] === undefined);
    throw new MatrixError('M_MISSING_PARAM', `Missing parameters: ${missing.join(', ')}`);
  }
  for (const text of [appName, deviceName, lang, body.profile_tag ?? '']) {
    if (!fitsBytes(text, MAX_TEXT_BYTES)) throw invalidParam(`No name may exceed ${MAX_TEXT_BYTES} bytes`);
  }
  if (kind !== 'http') throw invalidParam(`There are no pushers of the kind '${kind}'`);
  checkUrl(data.url);
  const dataText = JSON.stringify(data);
  if (!fitsBytes(dataText, MAX_DATA_BYTES)) throw invalidParam(`'data' must not exceed ${MAX_DATA_BYTES} bytes`);
  return {
    app_id: body.app_id,
    pushkey: body.pushkey,
    kind,
    app_display_name: appName,
    device_display_name: deviceName,
    profile_tag: body.profile_tag ?? null,
    lang,
    data: dataText,
    enabled: Number(body['org.matrix.msc3881.enabled'] ?? true),
  };
}

/** Plain HTTP is let pass, though the specification wants HTTPS: gateways run beside their server. */
function checkUrl(url: string | undefined): void {
  if (url === undefined) throw new MatrixError('M_MISSING_PARAM', "Missing 'data.url'");
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:')
    throw invalidParam("'data.url' must be an HTTPS URL");
  if (parsed.pathname !== GATEWAY_PATH) throw invalidParam(`'data.url' must have the path ${GATEWAY_PATH}`);
}

function toJson(row: PusherRow): PusherJson {
  return {
    app_id: row.app_id,
    pushkey: row.pushkey,
    kind: row.kind,
    app_display_name: row.app_display_name,
    device_display_name: row.device_display_name,
    lang: row.lang,
    data: JSON.parse(row.data) as PusherJson['data'],
    ...(row.profile_tag === null ? {} : { profile_tag: row.profile_tag }),
    'org.matrix.msc3881.enabled': row.enabled === 1,
    'org.matrix.msc3881.device_id': row.device_id,
  };
}
