import type { Migration } from '#platform/storage/ports.ts';

const COLUMNS = 'user_id, device_id, room_nid, operation, txn_id, event_nid, sent_ts';

/** The request tells its event by the table's own key: with an index beside it, each request was written twice. */
export const eventTransactionsByRequest: Migration = {
  name: '0014-event-transactions-by-request',
  up: ({ bigint, clustered }) => [
    'drop index event_transactions_by_request',
    'alter table event_transactions rename to event_transactions_by_event',
    `create table event_transactions (
      user_id text not null,
      device_id text not null,
      room_nid ${bigint} not null,
      operation text not null,
      txn_id text not null,
      event_nid ${bigint} not null,
      sent_ts ${bigint} not null,
      constraint event_transactions_by_request primary key (user_id, device_id, room_nid, operation, txn_id)
    )${clustered}`,
    `insert into event_transactions (${COLUMNS}) select ${COLUMNS} from event_transactions_by_event`,
    'drop table event_transactions_by_event',
  ],
};
