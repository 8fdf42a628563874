import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import {
  AuthDataSchema,
  RequestEmailValidationSchema,
  RequestMsisdnValidationSchema,
  RequestTokenResponseSchema,
} from '../schemas.ts';

/** `email` or `msisdn`; the handler refuses others with `M_INVALID_PARAM`. */
const Medium = Type.String();
const threepid = Type.Object({ id_server: Type.Optional(Type.String()), medium: Medium, address: Type.String() });
const unbindResult = Type.Object({
  id_server_unbind_result: Type.Union([Type.Literal('success'), Type.Literal('no-support')]),
});
const threepidCreds = Type.Object({
  client_secret: Type.String(),
  sid: Type.String(),
  id_server: Type.Optional(Type.String()),
  id_access_token: Type.Optional(Type.String()),
});

/** The third-party identifiers of the account. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3account3pid */
export const getAccount3PIDs = endpoint({
  operationId: 'getAccount3PIDs',
  method: 'GET',
  ...v3('/account/3pid'),
  auth: 'user',
  response: Type.Object({
    threepids: Type.Array(
      Type.Object({
        medium: Medium,
        address: Type.String(),
        /** Milliseconds since the Unix epoch, as is `added_at`. */
        validated_at: Type.Integer(),
        added_at: Type.Integer(),
      }),
    ),
  }),
});

/**
 * Adds a validated identifier to the account. Old clients write `threePidCreds`: the handler takes either spelling, and
 * answers `M_MISSING_PARAM` where there is none. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3pid
 */
export const post3PIDs = endpoint({
  operationId: 'post3PIDs',
  method: 'POST',
  ...v3('/account/3pid'),
  auth: 'user',
  suspended: true,
  deprecated: true,
  body: Type.Object({
    three_pid_creds: Type.Optional(threepidCreds),
    threePidCreds: Type.Optional(threepidCreds),
    auth: Type.Optional(AuthDataSchema),
    bind: Type.Optional(Type.Boolean()),
  }),
  response: Type.Object({ submit_url: Type.Optional(Type.String()) }),
});

/** Adds an identifier that this server has validated. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3pidadd */
export const add3PID = endpoint({
  operationId: 'add3PID',
  method: 'POST',
  ...v3('/account/3pid/add'),
  auth: 'user',
  suspended: true,
  body: Type.Object({ auth: Type.Optional(AuthDataSchema), client_secret: Type.String(), sid: Type.String() }),
});

/** Publishes an identifier on an identity server. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3pidbind */
export const bind3PID = endpoint({
  operationId: 'bind3PID',
  method: 'POST',
  ...v3('/account/3pid/bind'),
  auth: 'user',
  rateLimit: 'rc_3pid_validation',
  body: Type.Object({
    client_secret: Type.String(),
    id_server: Type.String(),
    id_access_token: Type.String(),
    sid: Type.String(),
  }),
});

/** Removes an identifier from the account, and from its identity server. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3piddelete */
export const delete3pidFromAccount = endpoint({
  operationId: 'delete3pidFromAccount',
  method: 'POST',
  ...v3('/account/3pid/delete'),
  auth: 'user',
  body: threepid,
  response: unbindResult,
});

/** Removes an identifier from its identity server only. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3pidunbind */
export const unbind3pidFromAccount = endpoint({
  operationId: 'unbind3pidFromAccount',
  method: 'POST',
  ...v3('/account/3pid/unbind'),
  auth: 'user',
  body: threepid,
  response: unbindResult,
});

/** Sends a token by e-mail, to add the address. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3pidemailrequesttoken */
export const requestTokenTo3PIDEmail = endpoint({
  operationId: 'requestTokenTo3PIDEmail',
  method: 'POST',
  ...v3('/account/3pid/email/requestToken'),
  auth: 'none',
  guests: true,
  rateLimit: 'rc_3pid_validation',
  body: RequestEmailValidationSchema,
  response: RequestTokenResponseSchema,
});

/** Sends a token by text message, to add the number. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3pidmsisdnrequesttoken */
export const requestTokenTo3PIDMSISDN = endpoint({
  operationId: 'requestTokenTo3PIDMSISDN',
  method: 'POST',
  ...v3('/account/3pid/msisdn/requestToken'),
  auth: 'none',
  guests: true,
  rateLimit: 'rc_3pid_validation',
  body: RequestMsisdnValidationSchema,
  response: RequestTokenResponseSchema,
});

/** The link in the e-mail; answers with a page or a redirect to `next_link`. Not in the specification. */
export const submitTokenTo3PIDEmail = endpoint({
  operationId: 'submitTokenTo3PIDEmail',
  method: 'GET',
  path: '/_matrix/client/unstable/add_threepid/email/submit_token',
  auth: 'none',
  guests: true,
  query: Type.Object({ sid: Type.String(), client_secret: Type.String(), token: Type.String() }),
  response: Type.Unknown(),
});

/** Hands in the token of the text message. Not in the specification. */
export const submitTokenTo3PIDMSISDN = endpoint({
  operationId: 'submitTokenTo3PIDMSISDN',
  method: 'POST',
  path: '/_matrix/client/unstable/add_threepid/msisdn/submit_token',
  auth: 'none',
  guests: true,
  rateLimit: 'rc_3pid_validation',
  body: Type.Object({ sid: Type.String(), client_secret: Type.String(), token: Type.String() }),
  response: Type.Object({ success: Type.Boolean() }),
});
