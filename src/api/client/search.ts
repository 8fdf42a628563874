import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { AnyKey, ClientEventSchema, RoomEventFilterSchema } from '../schemas.ts';

const Criteria = Type.Object({
  search_term: Type.String(),
  /** Of `content.body`, `content.name`, `content.topic`; all of them where absent. */
  keys: Type.Optional(Type.Array(Type.String())),
  filter: Type.Optional(RoomEventFilterSchema),
  order_by: Type.Optional(Type.Union([Type.Literal('recent'), Type.Literal('rank')])),
  event_context: Type.Optional(
    Type.Object({
      before_limit: Type.Optional(Type.Integer({ minimum: 0 })),
      after_limit: Type.Optional(Type.Integer({ minimum: 0 })),
      include_profile: Type.Optional(Type.Boolean()),
    }),
  ),
  include_state: Type.Optional(Type.Boolean()),
  groupings: Type.Optional(
    Type.Object({
      group_by: Type.Optional(
        Type.Array(Type.Object({ key: Type.Union([Type.Literal('room_id'), Type.Literal('sender')]) })),
      ),
    }),
  ),
});

const Context = Type.Object({
  start: Type.Optional(Type.String()),
  end: Type.Optional(Type.String()),
  profile_info: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Object({
        displayname: Type.Optional(Type.Union([Type.String(), Type.Null()])),
        avatar_url: Type.Optional(Type.Union([Type.String(), Type.Null()])),
      }),
    ),
  ),
  events_before: Type.Optional(Type.Array(ClientEventSchema)),
  events_after: Type.Optional(Type.Array(ClientEventSchema)),
});

/** Full-text search in the user's rooms. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3search */
export const search = endpoint({
  operationId: 'search',
  method: 'POST',
  ...v3('/search', { apiV1: true }),
  auth: 'user',
  suspended: true,
  rateLimit: 'rc_read',
  query: Type.Object({ next_batch: Type.Optional(Type.String()) }),
  body: Type.Object({ search_categories: Type.Object({ room_events: Type.Optional(Criteria) }) }),
  response: Type.Object({
    search_categories: Type.Object({
      room_events: Type.Optional(
        Type.Object({
          count: Type.Optional(Type.Integer()),
          highlights: Type.Optional(Type.Array(Type.String())),
          results: Type.Optional(
            Type.Array(
              Type.Object({
                rank: Type.Optional(Type.Number()),
                result: Type.Optional(ClientEventSchema),
                context: Type.Optional(Context),
              }),
            ),
          ),
          /** By room id. */
          state: Type.Optional(Type.Record(AnyKey, Type.Array(ClientEventSchema))),
          /** By group key, then by its value. */
          groups: Type.Optional(
            Type.Record(
              Type.String(),
              Type.Record(
                Type.String(),
                Type.Object({
                  next_batch: Type.Optional(Type.String()),
                  order: Type.Optional(Type.Integer()),
                  results: Type.Optional(Type.Array(Type.String())),
                }),
              ),
            ),
          ),
          next_batch: Type.Optional(Type.String()),
        }),
      ),
    }),
  }),
});
