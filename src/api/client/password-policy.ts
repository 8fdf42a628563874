import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';

/**
 * What passwords have to be like; empty where there are no rules. Not in the specification.
 * https://github.com/matrix-org/matrix-spec-proposals/pull/2000
 */
export const getPasswordPolicy = endpoint({
  operationId: 'getPasswordPolicy',
  method: 'GET',
  ...v3('/password_policy'),
  auth: 'none',
  response: Type.Partial(
    Type.Object({
      'm.minimum_length': Type.Integer(),
      'm.require_digit': Type.Boolean(),
      'm.require_symbol': Type.Boolean(),
      'm.require_lowercase': Type.Boolean(),
      'm.require_uppercase': Type.Boolean(),
    }),
  ),
});
