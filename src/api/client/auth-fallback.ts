import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';

const fields = {
  ...v3('/auth/{authType}/fallback/web'),
  auth: 'none',
  params: Type.Object({ authType: Type.String() }),
  /** Left out: a page says that it is missing. */
  query: Type.Object({ session: Type.Optional(Type.String()) }),
  response: Type.Unknown(),
} as const;

/**
 * A page that completes one stage of user-interactive authentication, for clients that do not know the stage.
 * https://spec.matrix.org/v1.19/client-server-api/#fallback
 */
export const getAuthFallback = endpoint({ operationId: 'getAuthFallback', method: 'GET', ...fields });

/** What the form on that page sends, URL-encoded. https://spec.matrix.org/v1.19/client-server-api/#fallback */
export const submitAuthFallback = endpoint({
  operationId: 'submitAuthFallback',
  method: 'POST',
  ...fields,
  accepts: 'stream',
});
