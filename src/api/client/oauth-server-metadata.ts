import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v1 } from '../paths.ts';

/**
 * The OAuth 2.0 server's metadata (RFC 8414).
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1auth_metadata
 */
export const getAuthMetadata = endpoint({
  operationId: 'getAuthMetadata',
  method: 'GET',
  ...v1('/auth_metadata', {
    also: [
      '/_matrix/client/unstable/auth_metadata',
      // https://github.com/matrix-org/matrix-spec-proposals/pull/2965
      '/_matrix/client/unstable/org.matrix.msc2965/auth_metadata',
    ],
  }),
  auth: 'none',
  response: Type.Object({
    issuer: Type.String(),
    authorization_endpoint: Type.String(),
    token_endpoint: Type.String(),
    revocation_endpoint: Type.String(),
    registration_endpoint: Type.String(),
    response_types_supported: Type.Array(Type.String()),
    grant_types_supported: Type.Array(Type.String()),
    response_modes_supported: Type.Array(Type.String()),
    code_challenge_methods_supported: Type.Array(Type.String()),
    prompt_values_supported: Type.Optional(Type.Array(Type.String())),
    account_management_uri: Type.Optional(Type.String()),
    account_management_actions_supported: Type.Optional(Type.Array(Type.String())),
    device_authorization_endpoint: Type.Optional(Type.String()),
  }),
});

/** The issuer alone, from an older draft. https://github.com/matrix-org/matrix-spec-proposals/pull/2965 */
export const getAuthIssuer = endpoint({
  operationId: 'getAuthIssuer',
  method: 'GET',
  path: '/_matrix/client/unstable/org.matrix.msc2965/auth_issuer',
  auth: 'none',
  deprecated: true,
  response: Type.Object({ issuer: Type.String() }),
});
