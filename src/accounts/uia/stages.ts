import type { RequestInfo } from '#api/endpoint.ts';
import type { Statement } from '#platform/storage/index.ts';
import { forbidden, MatrixError } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';
import { type Credentials, namesSomebody } from '../credentials.ts';
import type { UiaSession } from './uia-store.ts';

export interface StageContext {
  readonly session: UiaSession;
  /** What the client sent for this stage. */
  readonly auth: JsonObject;
  /** The user who is logged in: the stage must be theirs. */
  readonly userId: UserId | undefined;
  readonly request: Pick<RequestInfo, 'ip' | 'userAgent'>;
}

export interface StageOutcome {
  /** Kept with the session. A stage that proves who the user is gives `{ user_id }`. */
  readonly result: JsonValue;
  /** Written together with the completion; a premise that fails is the stage's failure, `refusal`. */
  readonly statements?: readonly { readonly statement: Statement; readonly expectRows?: number }[];
  readonly refusal?: MatrixError;
}

/**
 * One kind of proof. https://spec.matrix.org/v1.19/client-server-api/#authentication-types
 */
export interface Stage {
  readonly type: string;
  /** What clients need to know, under the type's key in `params`. */
  params?(): JsonObject;
  /**
   * Checks what the client sent. A `MatrixError` with status 401 lets it try again; any other ends the request.
   */
  verify(context: StageContext): Promise<StageOutcome>;
  /** Gives back what a completed stage holds, when its session expires without the operation. */
  release?(result: JsonValue): readonly Statement[];
}

/** `m.login.dummy`: always succeeds. */
export const dummyStage: Stage = {
  type: 'm.login.dummy',
  verify: async () => ({ result: {} }),
};

/** `m.login.password`: of the user who is logged in, or of anybody where nobody is. */
export function passwordStage(credentials: Credentials): Stage {
  return {
    type: 'm.login.password',
    async verify({ auth, userId, request }) {
      const { password } = auth;
      const isNamed = namesSomebody(auth);
      if (typeof password !== 'string' || (userId === undefined && !isNamed)) {
        throw new MatrixError('M_MISSING_PARAM', 'The password stage needs an identifier and a password', {
          status: 401,
        });
      }
      const claimed = await credentials.claimedUser(isNamed ? auth : { user: userId });
      if (userId !== undefined && claimed.userId !== undefined && claimed.userId !== userId) {
        throw forbidden('This is another user’s identifier');
      }
      try {
        const account = await credentials.verifyPassword(claimed, password, request.ip);
        return { result: { user_id: account.userId } };
      } catch (error) {
        if (error instanceof MatrixError && error.errcode === 'M_FORBIDDEN') {
          throw new MatrixError('M_FORBIDDEN', 'Invalid password', { status: 401 });
        }
        throw error;
      }
    },
  };
}
