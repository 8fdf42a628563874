import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { JsonObjectSchema, openObject, RoomEventFilterSchema, UserIdSchema } from '../schemas.ts';

const strings = Type.Optional(Type.Array(Type.String()));
const EventFilter = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  types: strings,
  not_types: strings,
  senders: strings,
  not_senders: strings,
});

/** What to send of a sync. User and room ids in it are compared, never parsed. https://spec.matrix.org/v1.19/client-server-api/#filtering */
export const FilterSchema = openObject({
  event_fields: strings,
  event_format: Type.Optional(Type.Union([Type.Literal('client'), Type.Literal('federation')])),
  presence: Type.Optional(EventFilter),
  account_data: Type.Optional(EventFilter),
  room: Type.Optional(
    Type.Object({
      rooms: strings,
      not_rooms: strings,
      include_leave: Type.Optional(Type.Boolean()),
      ephemeral: Type.Optional(RoomEventFilterSchema),
      state: Type.Optional(RoomEventFilterSchema),
      timeline: Type.Optional(RoomEventFilterSchema),
      account_data: Type.Optional(RoomEventFilterSchema),
    }),
  ),
});

/** Stores a filter. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3useruseridfilter */
export const defineFilter = endpoint({
  operationId: 'defineFilter',
  method: 'POST',
  ...v3('/user/{userId}/filter'),
  auth: 'user',
  suspended: true,
  params: Type.Object({ userId: UserIdSchema }),
  body: FilterSchema,
  response: Type.Object({ filter_id: Type.String() }),
});

/** A stored filter, as it was given. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridfilterfilterid */
export const getFilter = endpoint({
  operationId: 'getFilter',
  method: 'GET',
  ...v3('/user/{userId}/filter/{filterId}'),
  auth: 'user',
  params: Type.Object({ userId: UserIdSchema, filterId: Type.String() }),
  response: JsonObjectSchema,
});
