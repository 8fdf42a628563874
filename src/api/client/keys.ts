import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { AnyKey, JsonObjectSchema, openObject, UserIdSchema } from '../schemas.ts';

const signatures = Type.Record(AnyKey, Type.Record(AnyKey, Type.String()));

/** The identity keys of a device. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysupload */
export const DeviceKeysSchema = openObject({
  user_id: UserIdSchema,
  device_id: Type.String(),
  algorithms: Type.Array(Type.String()),
  keys: Type.Record(AnyKey, Type.String()),
  signatures,
});

/** One-time or fallback keys by `algorithm:id`: each unsigned text, or an object with its signatures. */
export const OneTimeKeysSchema = Type.Record(
  Type.String(),
  Type.Union([
    Type.String(),
    openObject({
      key: Type.String(),
      fallback: Type.Optional(Type.Boolean()),
      signatures: Type.Optional(signatures),
    }),
  ]),
);

/** Milliseconds to wait for other servers. */
const timeout = Type.Optional(Type.Integer({ minimum: 0 }));
/** By server name. */
const failures = Type.Record(AnyKey, JsonObjectSchema);
const byUser = Type.Record(AnyKey, JsonObjectSchema);
const claimed = Type.Object({
  failures: Type.Optional(failures),
  /** By user id, device id and `algorithm:id`. */
  one_time_keys: Type.Record(AnyKey, Type.Record(AnyKey, JsonObjectSchema)),
});

/** Publishes the keys of the requester's device. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysupload */
export const uploadKeys = endpoint({
  operationId: 'uploadKeys',
  method: 'POST',
  ...v3('/keys/upload'),
  auth: 'user',
  guests: true,
  suspended: true,
  body: Type.Object({
    // Some clients say null for nothing. With a choice, a key missing in it is `M_BAD_JSON`, not a missing parameter.
    device_keys: Type.Optional(Type.Union([DeviceKeysSchema, Type.Null()])),
    one_time_keys: Type.Optional(Type.Union([OneTimeKeysSchema, Type.Null()])),
    fallback_keys: Type.Optional(Type.Union([OneTimeKeysSchema, Type.Null()])),
  }),
  response: Type.Object({ one_time_key_counts: Type.Record(AnyKey, Type.Integer()) }),
});

/** The device and cross-signing keys of users. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysquery */
export const queryKeys = endpoint({
  operationId: 'queryKeys',
  method: 'POST',
  ...v3('/keys/query'),
  auth: 'user',
  guests: true,
  suspended: true,
  body: Type.Object({
    timeout,
    /** Device ids by user id; an empty list stands for all devices. */
    device_keys: Type.Record(AnyKey, Type.Array(Type.String())),
  }),
  response: Type.Object({
    failures,
    /** `DeviceKeysSchema` with `unsigned.device_display_name`, by user id and device id. */
    device_keys: Type.Record(AnyKey, byUser),
    master_keys: byUser,
    self_signing_keys: byUser,
    user_signing_keys: byUser,
  }),
});

/** Takes one-time keys of devices. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysclaim */
export const claimKeys = endpoint({
  operationId: 'claimKeys',
  method: 'POST',
  ...v3('/keys/claim'),
  auth: 'user',
  guests: true,
  suspended: true,
  body: Type.Object({
    timeout,
    /** The algorithm, by user id and device id. */
    one_time_keys: Type.Record(AnyKey, Type.Record(AnyKey, Type.String())),
  }),
  response: claimed,
});

/** Takes one-time keys of several algorithms a device. https://github.com/matrix-org/matrix-spec-proposals/pull/3983 */
export const claimKeysOfAlgorithms = endpoint({
  operationId: 'claimKeysOfAlgorithms',
  method: 'POST',
  path: '/_matrix/client/unstable/org.matrix.msc3983/keys/claim',
  auth: 'user',
  guests: true,
  suspended: true,
  body: Type.Object({
    timeout,
    /** Algorithms, as often as keys are wanted, by user id and device id. */
    one_time_keys: Type.Record(AnyKey, Type.Record(AnyKey, Type.Array(Type.String()))),
  }),
  response: claimed,
});

/** The users whose device lists changed between two sync tokens. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3keyschanges */
export const getKeysChanges = endpoint({
  operationId: 'getKeysChanges',
  method: 'GET',
  ...v3('/keys/changes'),
  auth: 'user',
  guests: true,
  query: Type.Object({
    from: Type.String(),
    /** Required by the specification, yet left out by some clients: then up to now. */
    to: Type.Optional(Type.String()),
  }),
  response: Type.Object({ changed: Type.Array(UserIdSchema), left: Type.Array(UserIdSchema) }),
});
