import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { UserIdSchema } from '../schemas.ts';

const nullableString = Type.Union([Type.String(), Type.Null()]);

/** Searches the user directory. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3user_directorysearch */
export const searchUserDirectory = endpoint({
  operationId: 'searchUserDirectory',
  method: 'POST',
  ...v3('/user_directory/search'),
  auth: 'user',
  suspended: true,
  rateLimit: 'rc_user_directory',
  body: Type.Object({ search_term: Type.String(), limit: Type.Optional(Type.Integer()) }),
  response: Type.Object({
    results: Type.Array(
      Type.Object({
        user_id: UserIdSchema,
        display_name: Type.Optional(nullableString),
        avatar_url: Type.Optional(nullableString),
      }),
    ),
    limited: Type.Boolean(),
  }),
});
