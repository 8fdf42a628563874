import { statement } from '#platform/storage/index.ts';
import type { Batch, Reader, Result, SqlValue, Statement } from '#platform/storage/ports.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { ClaimableKey } from './parse-keys.ts';

export interface CountRow {
  readonly algorithm: string;
  readonly count: number;
}

export interface ClaimedRow {
  readonly key_id: string;
  readonly key_json: string;
}

/** Where keys are claimed from. */
export interface KeySource {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly algorithm: string;
  /** How many are wanted. */
  readonly count: number;
}

/**
 * Changes no row when another key has that id: then the batch fails. One that has been claimed stays claimed; its id may be
 * used again for another key, as a client does that has begun anew.
 */
const insert = statement(
  'insert into one_time_keys (user_id, device_id, algorithm, key_id, upload_order, key_json) values (?, ?, ?, ?, ?, ?) ' +
    'on conflict (user_id, device_id, algorithm, key_id) do update set key_json = excluded.key_json, ' +
    'upload_order = case when one_time_keys.key_json = excluded.key_json then one_time_keys.upload_order ' +
    'else excluded.upload_order end, ' +
    'claimed_ts = case when one_time_keys.key_json = excluded.key_json then one_time_keys.claimed_ts end ' +
    'where one_time_keys.key_json = excluded.key_json or one_time_keys.claimed_ts is not null',
);
const forgetClaimed = statement('delete from one_time_keys where user_id = ? and device_id = ? and claimed_ts < ?');
const counts = statement<CountRow>(
  'select algorithm, count(*) as count from one_time_keys where user_id = ? and device_id = ? ' +
    'and claimed_ts is null group by algorithm',
);
const putFallback = statement(
  'insert into fallback_keys (user_id, device_id, algorithm, key_id, key_json, is_used) values (?, ?, ?, ?, ?, 0) ' +
    'on conflict (user_id, device_id, algorithm) do update set key_id = excluded.key_id, key_json = excluded.key_json, ' +
    'is_used = 0 where fallback_keys.key_id <> excluded.key_id or fallback_keys.key_json <> excluded.key_json',
);
const unusedFallback = statement<{ algorithm: string }>(
  'select algorithm from fallback_keys where user_id = ? and device_id = ? and is_used = 0 order by algorithm',
);
const useFallback = statement<ClaimedRow>(
  'update fallback_keys set is_used = 1 where user_id = ? and device_id = ? and algorithm = ? and not exists ' +
    '(select 1 from one_time_keys o where o.user_id = fallback_keys.user_id and o.device_id = fallback_keys.device_id ' +
    'and o.algorithm = fallback_keys.algorithm and o.claimed_ts is null) returning key_id, key_json',
);
const OLDEST =
  'select key_id from one_time_keys where user_id = ? and device_id = ? and algorithm = ? and claimed_ts is null ' +
  'order by upload_order limit ?';
const TAKE = 'update one_time_keys set claimed_ts = ? where user_id = ? and device_id = ? and algorithm = ? and key_id';
const removals = ['one_time_keys', 'fallback_keys'].map((table) => ({
  device: statement(`delete from ${table} where user_id = ? and device_id = ?`),
  user: statement(`delete from ${table} where user_id = ?`),
}));

/** One-time and fallback keys. */
export class OneTimeKeysStore {
  readonly #take: (...parameters: SqlValue[]) => Statement<ClaimedRow>;

  constructor(private readonly reader: Reader) {
    // Two processes that claim at once must not choose the same key, nor may the choice be made twice.
    const oldest = reader.dialect === 'postgres' ? `= any(array(${OLDEST} for update skip locked))` : `in (${OLDEST})`;
    this.#take = statement(`${TAKE} ${oldest} returning key_id, key_json`);
  }

  /** Fails the batch where the device has another key of that algorithm and id; an equal one is left as it is. */
  add(batch: Batch, userId: UserId, deviceId: DeviceId, key: ClaimableKey, uploadOrder: number): void {
    batch.add(insert(userId, deviceId, key.algorithm, key.keyId, uploadOrder, key.json), 1);
  }

  /** Forgets keys that were claimed before then: they could be uploaded as new. */
  forgetClaimed(userId: UserId, deviceId: DeviceId, beforeMs: number): Statement {
    return forgetClaimed(userId, deviceId, beforeMs);
  }

  /** Puts the fallback key of an algorithm in place of the one before. An equal key stays used if it was. */
  putFallback(userId: UserId, deviceId: DeviceId, key: ClaimableKey): Statement {
    return putFallback(userId, deviceId, key.algorithm, key.keyId, key.json);
  }

  /** As part of a batch, the counts after the statements before it. */
  counts(userId: UserId, deviceId: DeviceId): Statement<CountRow> {
    return counts(userId, deviceId);
  }

  async unusedFallbackTypes(userId: UserId, deviceId: DeviceId): Promise<string[]> {
    return (await this.reader.all(unusedFallback(userId, deviceId))).map((row) => row.algorithm);
  }

  /** Takes the oldest keys or, where there is none, marks the fallback key as used. The results hold what was taken. */
  take(batch: Batch, { userId, deviceId, algorithm, count }: KeySource, nowMs: number): readonly Result<ClaimedRow>[] {
    return [
      batch.add(useFallback(userId, deviceId, algorithm)),
      batch.add(this.#take(nowMs, userId, deviceId, algorithm, userId, deviceId, algorithm, count)),
    ];
  }

  removeDevice(batch: Batch, userId: UserId, deviceId: DeviceId): void {
    for (const { device } of removals) batch.add(device(userId, deviceId));
  }

  removeUser(batch: Batch, userId: UserId): void {
    for (const { user } of removals) batch.add(user(userId));
  }
}
