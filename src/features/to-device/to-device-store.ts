import { statement } from '#platform/storage/index.ts';
import type { Batch, Reader, Statement } from '#platform/storage/ports.ts';
import type { StreamPosition } from '#platform/streams/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';

export interface MessageRow {
  readonly position: number;
  readonly message: string;
}

export interface Transaction {
  readonly userId: UserId;
  readonly deviceId: DeviceId | undefined;
  readonly eventType: string;
  readonly txnId: string;
}

const insert = statement('insert into to_device_messages (user_id, device_id, position, message) values (?, ?, ?, ?)');
const between = statement<MessageRow>(
  'select position, message from to_device_messages where user_id = ? and device_id = ? and position > ? and position <= ? ' +
    'order by position limit ?',
);
const removeUpTo = statement('delete from to_device_messages where user_id = ? and device_id = ? and position <= ?');
const insertTransaction = statement(
  'insert into to_device_transactions (user_id, device_id, event_type, txn_id, created_ts) values (?, ?, ?, ?, ?)',
);
const expireTransactions = statement('delete from to_device_transactions where created_ts < ?');
const removals = ['to_device_messages', 'to_device_transactions'].map((table) => ({
  device: statement(`delete from ${table} where user_id = ? and device_id = ?`),
  user: statement(`delete from ${table} where user_id = ?`),
}));

/** Inboxes of devices, and what has been sent by transaction id. */
export class ToDeviceStore {
  constructor(private readonly reader: Reader) {}

  put(userId: UserId, deviceId: DeviceId, position: StreamPosition, message: string): Statement {
    return insert(userId, deviceId, position, message);
  }

  between(
    userId: UserId,
    deviceId: DeviceId,
    after: StreamPosition,
    upTo: StreamPosition,
    limit: number,
  ): Promise<MessageRow[]> {
    return this.reader.all(between(userId, deviceId, after, upTo, limit));
  }

  removeUpTo(userId: UserId, deviceId: DeviceId, upTo: StreamPosition): Statement {
    return removeUpTo(userId, deviceId, upTo);
  }

  /** Fails the batch if the transaction has been done. */
  begin({ userId, deviceId, eventType, txnId }: Transaction, nowMs: number): Statement {
    return insertTransaction(userId, deviceId ?? '', eventType, txnId, nowMs);
  }

  expireTransactions(beforeMs: number): Statement {
    return expireTransactions(beforeMs);
  }

  removeDevice(batch: Batch, userId: UserId, deviceId: DeviceId): void {
    for (const { device } of removals) batch.add(device(userId, deviceId));
  }

  removeUser(batch: Batch, userId: UserId): void {
    for (const { user } of removals) batch.add(user(userId));
  }
}
