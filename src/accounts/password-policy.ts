import type { PasswordPolicy } from '#platform/config/index.ts';
import { type ErrorCode, MatrixError } from '#protocol/errors.ts';

/** bcrypt and argon2 take any length; this one only keeps requests from costing without bound. */
export const MAX_PASSWORD_LENGTH = 512;

/** What each rule of a policy refuses. */
const RULES: readonly {
  readonly applies: (policy: PasswordPolicy) => boolean;
  readonly holds: RegExp;
  readonly errcode: ErrorCode;
  readonly what: string;
}[] = [
  { applies: (policy) => policy.requireDigit, holds: /[0-9]/, errcode: 'M_PASSWORD_NO_DIGIT', what: 'digit' },
  { applies: (policy) => policy.requireSymbol, holds: /[^a-zA-Z0-9]/, errcode: 'M_PASSWORD_NO_SYMBOL', what: 'symbol' },
  {
    applies: (policy) => policy.requireUppercase,
    holds: /[A-Z]/,
    errcode: 'M_PASSWORD_NO_UPPERCASE',
    what: 'uppercase letter',
  },
  {
    applies: (policy) => policy.requireLowercase,
    holds: /[a-z]/,
    errcode: 'M_PASSWORD_NO_LOWERCASE',
    what: 'lowercase letter',
  },
];

/** Throws the error of the first rule that `password` breaks (`M_WEAK_PASSWORD` and its relatives). */
export function checkPasswordPolicy(password: string, policy: PasswordPolicy): void {
  if (password === '') throw new MatrixError('M_PASSWORD_TOO_SHORT', 'The password must not be empty');
  if (password.length > MAX_PASSWORD_LENGTH) {
    throw new MatrixError('M_WEAK_PASSWORD', `The password may have at most ${MAX_PASSWORD_LENGTH} characters`);
  }
  if (!policy.enabled) return;
  if (password.length < policy.minimumLength) {
    throw new MatrixError('M_PASSWORD_TOO_SHORT', `The password must have at least ${policy.minimumLength} characters`);
  }
  for (const { applies, holds, errcode, what } of RULES) {
    if (applies(policy) && !holds.test(password)) {
      throw new MatrixError(errcode, `The password must contain at least one ${what}`);
    }
  }
}
