/** The refusals that several parts of accounts and the slices above share. */
import { MatrixError } from '#protocol/errors.ts';

export const unknownToken = (): MatrixError => new MatrixError('M_UNKNOWN_TOKEN', 'Unrecognised access token');

/** The client keeps its keys and logs in again, or refreshes. https://spec.matrix.org/v1.19/client-server-api/#soft-logout */
export const softLogout = (message: string): MatrixError =>
  new MatrixError('M_UNKNOWN_TOKEN', message, { fields: { soft_logout: true } });

/** https://spec.matrix.org/v1.19/client-server-api/#account-locking */
export const userLocked = (): MatrixError =>
  new MatrixError('M_USER_LOCKED', 'This account has been locked', { fields: { soft_logout: true } });

export const userDeactivated = (): MatrixError =>
  new MatrixError('M_USER_DEACTIVATED', 'This account has been deactivated');

/** Says nothing of whether the account exists. */
export const wrongCredentials = (): MatrixError => new MatrixError('M_FORBIDDEN', 'Invalid username or password');

/** https://spec.matrix.org/v1.19/application-service-api/#identity-assertion */
export const unknownDevice = (): MatrixError => new MatrixError('M_UNKNOWN_DEVICE', 'The user has no such device');
