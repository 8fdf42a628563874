import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';

/** Ends the session of the access token and deletes its device. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3logout */
export const logout = endpoint({
  operationId: 'logout',
  method: 'POST',
  ...v3('/logout', { apiV1: true }),
  auth: 'user',
  suspended: true,
  locked: true,
});

/** Ends all sessions of the user. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3logoutall */
export const logout_all = endpoint({
  operationId: 'logout_all',
  method: 'POST',
  ...v3('/logout/all', { apiV1: true }),
  auth: 'user',
  suspended: true,
  locked: true,
});
