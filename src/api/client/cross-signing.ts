import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { AnyKey, AuthDataSchema, JsonObjectSchema, openObject } from '../schemas.ts';

/** A master, self-signing or user-signing key. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysdevice_signingupload */
export const CrossSigningKeySchema = openObject({
  user_id: Type.String(),
  usage: Type.Array(Type.String()),
  keys: Type.Record(AnyKey, Type.String()),
  signatures: Type.Optional(Type.Record(AnyKey, Type.Record(AnyKey, Type.String()))),
});

/** Publishes cross-signing keys. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysdevice_signingupload */
export const uploadCrossSigningKeys = endpoint({
  operationId: 'uploadCrossSigningKeys',
  method: 'POST',
  ...v3('/keys/device_signing/upload'),
  auth: 'user',
  suspended: true,
  body: Type.Object({
    master_key: Type.Optional(CrossSigningKeySchema),
    self_signing_key: Type.Optional(CrossSigningKeySchema),
    user_signing_key: Type.Optional(CrossSigningKeySchema),
    auth: Type.Optional(AuthDataSchema),
  }),
});

/** Publishes signatures of device and cross-signing keys. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keyssignaturesupload */
export const uploadCrossSigningSignatures = endpoint({
  operationId: 'uploadCrossSigningSignatures',
  method: 'POST',
  ...v3('/keys/signatures/upload'),
  auth: 'user',
  guests: true,
  suspended: true,
  /** Signed keys by user id, and by device id or public key. */
  body: Type.Record(AnyKey, Type.Record(AnyKey, JsonObjectSchema)),
  response: Type.Object({
    /** Errors by user id, and by device id or public key. */
    failures: Type.Record(AnyKey, Type.Record(AnyKey, JsonObjectSchema)),
  }),
});
