/**
 * Server ACLs: whether a room lets a server take part. Here is no knowledge of which requests, PDUs and EDUs it applies to.
 * https://spec.matrix.org/v1.19/client-server-api/#server-access-control-lists-acls-for-rooms
 */
export { type CompiledServerAcl, compileServerAcl, isServerAllowed } from './server-acl.ts';
