import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { AnyKey, openObject } from '../schemas.ts';

const enabled = Type.Object({ enabled: Type.Boolean() });

/** What this server and this account can do. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3capabilities */
export const getCapabilities = endpoint({
  operationId: 'getCapabilities',
  method: 'GET',
  ...v3('/capabilities'),
  auth: 'user',
  guests: true,
  rateLimit: 'rc_read',
  response: Type.Object({
    capabilities: openObject({
      'm.change_password': Type.Optional(enabled),
      'm.room_versions': Type.Optional(
        Type.Object({
          default: Type.String(),
          available: Type.Record(AnyKey, Type.Union([Type.Literal('stable'), Type.Literal('unstable')])),
        }),
      ),
      'm.forget_forced_upon_leave': Type.Optional(enabled),
      'm.set_displayname': Type.Optional(enabled),
      'm.set_avatar_url': Type.Optional(enabled),
      'm.3pid_changes': Type.Optional(enabled),
      'm.get_login_token': Type.Optional(enabled),
      'm.profile_fields': Type.Optional(
        Type.Object({
          enabled: Type.Boolean(),
          allowed: Type.Optional(Type.Array(Type.String())),
          disallowed: Type.Optional(Type.Array(Type.String())),
        }),
      ),
      'm.account_moderation': Type.Optional(
        Type.Object({ suspend: Type.Optional(Type.Boolean()), lock: Type.Optional(Type.Boolean()) }),
      ),
    }),
  }),
});
