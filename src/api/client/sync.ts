import { type TProperties, Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { AnyKey, ClientEventSchema, StrippedStateSchema, UserIdSchema } from '../schemas.ts';

const Events = Type.Object({ events: Type.Array(ClientEventSchema) });
const Counts = Type.Object({ highlight_count: Type.Integer(), notification_count: Type.Integer() });
const Timeline = Type.Object({
  events: Type.Array(ClientEventSchema),
  limited: Type.Optional(Type.Boolean()),
  prev_batch: Type.Optional(Type.String()),
});

/** An object with every key optional. */
const sparse = <P extends TProperties>(properties: P) => Type.Partial(Type.Object(properties));

const stateAndTimeline = {
  /** The state before the timeline; absent where the client asked for `state_after`. */
  state: Events,
  /** The state after the timeline, which then changes no state. */
  state_after: Events,
  'org.matrix.msc4222.state_after': Events,
  timeline: Timeline,
  account_data: Events,
};

const JoinedRoom = sparse({
  ...stateAndTimeline,
  summary: sparse({
    'm.heroes': Type.Array(UserIdSchema),
    'm.joined_member_count': Type.Integer(),
    'm.invited_member_count': Type.Integer(),
  }),
  ephemeral: Events,
  unread_notifications: Counts,
  /** By thread root. */
  unread_thread_notifications: Type.Record(AnyKey, Counts),
  'org.matrix.msc2654.unread_count': Type.Integer(),
  msc4354_sticky: Events,
});
const StrippedEvents = Type.Object({ events: Type.Array(StrippedStateSchema) });

/** A filter inline as JSON, or the id of a stored one. */
const Filter = Type.String();

/** Everything new since a token. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync */
export const sync = endpoint({
  operationId: 'sync',
  method: 'GET',
  ...v3('/sync'),
  auth: 'user',
  guests: true,
  query: sparse({
    filter: Filter,
    since: Type.String(),
    full_state: Type.Boolean(),
    set_presence: Type.Union([
      Type.Literal('offline'),
      Type.Literal('online'),
      Type.Literal('unavailable'),
      // https://github.com/matrix-org/matrix-spec-proposals/pull/3026
      Type.Literal('busy'),
    ]),
    /** How long to wait for something new, in milliseconds. */
    timeout: Type.Integer({ minimum: 0 }),
    use_state_after: Type.Boolean(),
    'org.matrix.msc4222.use_state_after': Type.Boolean(),
  }),
  response: Type.Object({
    next_batch: Type.String(),
    rooms: Type.Optional(
      sparse({
        join: Type.Record(AnyKey, JoinedRoom),
        invite: Type.Record(AnyKey, sparse({ invite_state: StrippedEvents })),
        knock: Type.Record(AnyKey, sparse({ knock_state: StrippedEvents })),
        leave: Type.Record(AnyKey, sparse(stateAndTimeline)),
      }),
    ),
    presence: Type.Optional(Events),
    account_data: Type.Optional(Events),
    to_device: Type.Optional(Events),
    device_lists: Type.Optional(sparse({ changed: Type.Array(UserIdSchema), left: Type.Array(UserIdSchema) })),
    device_one_time_keys_count: Type.Optional(Type.Record(AnyKey, Type.Integer())),
    /** Required by the specification; a client without the key assumes a server that knows no fallback keys. */
    device_unused_fallback_key_types: Type.Array(Type.String()),
    'org.matrix.msc2732.device_unused_fallback_key_types': Type.Optional(Type.Array(Type.String())),
  }),
});
