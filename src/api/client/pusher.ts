import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';

/** `url` and `format` for HTTP pushers; `brand`, `default_payload` and the like are for the pusher itself. */
const PusherData = Type.Object({ url: Type.Optional(Type.String()), format: Type.Optional(Type.String()) });

/** https://github.com/matrix-org/matrix-spec-proposals/pull/3881 */
const remoteToggle = {
  'org.matrix.msc3881.enabled': Type.Optional(Type.Boolean()),
  'org.matrix.msc3881.device_id': Type.Optional(Type.Union([Type.String(), Type.Null()])),
};

/** The user's pushers. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushers */
export const getPushers = endpoint({
  operationId: 'getPushers',
  method: 'GET',
  ...v3('/pushers', { apiV1: true }),
  auth: 'user',
  response: Type.Object({
    pushers: Type.Array(
      Type.Object({
        pushkey: Type.String(),
        kind: Type.String(),
        app_id: Type.String(),
        app_display_name: Type.String(),
        device_display_name: Type.String(),
        profile_tag: Type.Optional(Type.String()),
        lang: Type.String(),
        data: PusherData,
        ...remoteToggle,
      }),
    ),
  }),
});

/**
 * Makes, changes or, with `kind: null`, removes a pusher. What is optional here is required unless it is removed.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3pushersset
 */
export const postPusher = endpoint({
  operationId: 'postPusher',
  method: 'POST',
  ...v3('/pushers/set', { apiV1: true }),
  auth: 'user',
  suspended: true,
  body: Type.Object({
    pushkey: Type.String(),
    kind: Type.Union([Type.String(), Type.Null()]),
    app_id: Type.String(),
    app_display_name: Type.Optional(Type.String()),
    device_display_name: Type.Optional(Type.String()),
    profile_tag: Type.Optional(Type.String()),
    lang: Type.Optional(Type.String()),
    data: Type.Optional(PusherData),
    append: Type.Optional(Type.Boolean()),
    'org.matrix.msc3881.enabled': Type.Optional(Type.Boolean()),
  }),
});

/** The link at the foot of a notification e-mail: `access_token` is good for this alone. Not in the specification. */
export const removePusherByLink = endpoint({
  operationId: 'removePusherByLink',
  method: 'GET',
  path: '/_matrix/client/unstable/pushers/remove',
  auth: 'none',
  deprecated: true,
  query: Type.Object({ app_id: Type.String(), pushkey: Type.String(), access_token: Type.String() }),
  response: Type.Unknown(),
});
