/** The answer of the auth rules. `reason` is fit for the person whose event it is. */
export type AuthVerdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

/** One object for every allowed event: allowing allocates nothing. */
export const ALLOWED: AuthVerdict = Object.freeze({ allowed: true });

export function refused(reason: string): AuthVerdict {
  return { allowed: false, reason };
}

/** `ALLOWED` unless `isAllowed` is false. */
export function allowIf(isAllowed: boolean, reasonIfNot: string): AuthVerdict {
  return isAllowed ? ALLOWED : refused(reasonIfNot);
}
