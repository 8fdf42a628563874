import { BatchConflict } from '#platform/storage/index.ts';
import { ChangeCache, type StreamBatch, type StreamPosition, type Streams } from '#platform/streams/index.ts';
import { invalidParam, MatrixError } from '#protocol/errors.ts';
import { type DeviceId, fitsBytes, type RoomId, type UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { type AccountDataKey, type AccountDataRow, type AccountDataStore, DELETED } from './account-data-store.ts';
import { IGNORED_USERS_TYPE, IgnoredUsers } from './ignored-users.ts';

/** Account data as `/sync` shows it. */
export interface AccountDataEvent {
  readonly type: string;
  /** The event's JSON text: `{"type":...,"content":...}`. The content of deleted data is `{}`. */
  readonly text: string;
}

export interface AccountDataEvents {
  readonly global: readonly AccountDataEvent[];
  readonly rooms: ReadonlyMap<RoomId, readonly AccountDataEvent[]>;
}

/** Far above what clients keep; it bounds what an account can make every sync read. */
const MAX_CONTENT_BYTES = 1024 * 1024;
const MAX_TYPE_BYTES = 255;
/** Users whose last change is remembered. */
const CHANGES_MAX = 50_000;
/** Writers of one piece at the same time, of which one gets through each time. */
const ATTEMPTS = 20;
const NOTHING: AccountDataEvents = { global: [], rooms: new Map() };
/** Both names of a device's own notification settings. https://github.com/matrix-org/matrix-spec-proposals/pull/3890 */
const DEVICE_SETTINGS = ['m.local_notification_settings.', 'org.matrix.msc3890.local_notification_settings.'];

/**
 * What clients keep for a user, for the whole account or a room. Content is opaque, except whom a user ignores. Empty content
 * means deleted: reads answer as if it had never been there, and syncing devices are told once.
 * https://spec.matrix.org/v1.19/client-server-api/#client-config
 */
export class AccountData {
  readonly #ignored: IgnoredUsers;
  readonly #changes: ChangeCache<UserId>;

  constructor(
    private readonly store: AccountDataStore,
    private readonly streams: Streams,
  ) {
    this.#ignored = new IgnoredUsers((userId) => this.get(userId, { type: IGNORED_USERS_TYPE }));
    this.#changes = new ChangeCache(streams.current(), CHANGES_MAX);
  }

  async get(userId: UserId, key: AccountDataKey): Promise<JsonObject | undefined> {
    const row = await this.store.find(userId, key);
    return row === undefined || row.content === DELETED ? undefined : (JSON.parse(row.content) as JsonObject);
  }

  /** Writes one piece and resolves when it is durable. @throws MatrixError 413 `M_TOO_LARGE`, 400 `M_INVALID_PARAM`. */
  async set(userId: UserId, key: AccountDataKey, content: JsonObject): Promise<void> {
    await this.streams.commit((batch) => this.put(batch, userId, key, content));
  }

  /** As `set`, in the batch of something else. */
  put(batch: StreamBatch, userId: UserId, key: AccountDataKey, content: JsonObject): void {
    const text = checked(key, content);
    const position = batch.nextPosition();
    batch.add(this.store.put(userId, key, text, position));
    this.#announce(batch, userId, key, content, position);
  }

  /** Replaces a piece by what `change` makes of it, without losing what others write meanwhile. */
  async update(
    userId: UserId,
    key: AccountDataKey,
    change: (before: JsonObject | undefined) => JsonObject,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const row = await this.store.find(userId, key);
      const content = change(row === undefined ? undefined : (JSON.parse(row.content) as JsonObject));
      const text = checked(key, content);
      try {
        await this.streams.commit((batch) => {
          const position = batch.nextPosition();
          batch.add(this.store.replace(userId, key, row, text, position), 1);
          this.#announce(batch, userId, key, content, position);
        });
        return;
      } catch (error) {
        if (!(error instanceof BatchConflict) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** What changed with `since < position <= upTo`, deletions included. Costs nothing where nothing did. */
  changesSince(
    userId: UserId,
    since: StreamPosition,
    upTo: StreamPosition,
  ): AccountDataEvents | Promise<AccountDataEvents> {
    if (!this.#changes.hasChanged(userId, since)) return NOTHING;
    return this.store.changed(userId, since, upTo).then(grouped);
  }

  /** Everything there is, for an initial sync. */
  async all(userId: UserId): Promise<AccountDataEvents> {
    return grouped(await this.store.everything(userId));
  }

  /** Everything there is about a room, for one that has just been joined. */
  async ofRoom(userId: UserId, roomId: RoomId): Promise<AccountDataEvent[]> {
    return (await this.store.ofRoom(userId, roomId)).map(toEvent);
  }

  /** As `ignoredBy`, at once, if in memory. */
  peekIgnoredBy(userId: UserId): ReadonlySet<string> | undefined {
    return this.#ignored.peek(userId);
  }

  /** Whom a user ignores. https://spec.matrix.org/v1.19/client-server-api/#ignoring-users */
  ignoredBy(userId: UserId): Promise<ReadonlySet<string>> {
    return this.#ignored.of(userId);
  }

  /** In the batch that deletes devices: their own notification settings go with them. */
  devicesDeleted(batch: StreamBatch, userId: UserId, deviceIds: readonly DeviceId[]): void {
    let last: StreamPosition | undefined;
    for (const deviceId of deviceIds) {
      for (const prefix of DEVICE_SETTINGS) {
        const position = batch.nextPosition();
        batch.add(this.store.erase(userId, { type: prefix + deviceId }, position));
        last = position;
      }
    }
    if (last === undefined) return;
    const position = last;
    batch.wake({ userId });
    batch.afterAttempt(() => this.#changes.changed(userId, position));
  }

  /** In the batch that deactivates an account. */
  accountDeactivated(batch: StreamBatch, userId: UserId): void {
    batch.add(this.store.removeUser(userId));
    batch.afterCommit(() => this.#ignored.changed(userId, {}));
  }

  #announce(
    batch: StreamBatch,
    userId: UserId,
    key: AccountDataKey,
    content: JsonObject,
    position: StreamPosition,
  ): void {
    batch.wake({ userId });
    batch.afterAttempt(() => this.#changes.changed(userId, position));
    if (key.type !== IGNORED_USERS_TYPE || key.roomId !== undefined) return;
    batch.afterCommit(() => this.#ignored.changed(userId, content));
  }
}

function checked({ type }: AccountDataKey, content: JsonObject): string {
  if (!fitsBytes(type, MAX_TYPE_BYTES)) throw invalidParam(`The type must not exceed ${MAX_TYPE_BYTES} bytes`);
  const text = JSON.stringify(content);
  if (!fitsBytes(text, MAX_CONTENT_BYTES)) {
    throw new MatrixError('M_TOO_LARGE', `Account data must not exceed ${MAX_CONTENT_BYTES} bytes`);
  }
  return text;
}

function grouped(rows: readonly AccountDataRow[]): AccountDataEvents {
  const global: AccountDataEvent[] = [];
  const rooms = new Map<RoomId, AccountDataEvent[]>();
  for (const row of rows) {
    const roomId = row.room_id as RoomId;
    const list = row.room_id === '' ? global : (rooms.get(roomId) ?? []);
    list.push(toEvent(row));
    if (row.room_id !== '') rooms.set(roomId, list);
  }
  return { global, rooms };
}

function toEvent({ type, content }: AccountDataRow): AccountDataEvent {
  return { type, text: `{"type":${JSON.stringify(type)},"content":${content}}` };
}
