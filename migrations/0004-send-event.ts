import type { Migration } from '#platform/storage/ports.ts';

/** Which request an event was sent by, for as long as a client may repeat it: `rooms/event-transactions.ts`. */
export const sendEvent: Migration = {
  name: '0004-send-event',
  up: ({ bigint, bigintPrimaryKey }) => [
    `create table event_transactions (
      event_nid ${bigintPrimaryKey},
      user_id text not null,
      device_id text not null,
      room_nid ${bigint} not null,
      operation text not null,
      txn_id text not null,
      sent_ts ${bigint} not null
    )`,
    'create unique index event_transactions_by_request on event_transactions (user_id, device_id, room_nid, operation, txn_id)',
  ],
};
