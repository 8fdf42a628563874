import {
  getConfigAuthed,
  getContentAuthed,
  getContentOverrideNameAuthed,
  getContentThumbnailAuthed,
} from '#api/client/authed-content-repo.ts';
import {
  createContent,
  getConfig,
  getContent,
  getContentOverrideName,
  getContentThumbnail,
  uploadContent,
  uploadContentToMXC,
} from '#api/client/content-repo.ts';
import type { RequestInfo, Route } from '#api/endpoint.ts';
import { route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import { MatrixError, notFound } from '#protocol/errors.ts';
import type { ServerName, UserId } from '#protocol/identifiers/index.ts';
import { uploadedType } from './content-type.ts';
import type { Downloads } from './downloads.ts';
import { checkedFileName } from './file-name.ts';
import { isMediaId, mxcUri } from './media-id.ts';
import type { Upload, Uploads } from './uploads.ts';

interface MediaRoutesDeps {
  readonly serverName: ServerName;
  readonly maxUploadSizeBytes: number;
  readonly uploads: Uploads;
  readonly downloads: Downloads;
}

export function mediaRoutes(deps: MediaRoutesDeps): readonly Route[] {
  return [...uploadRoutes(deps), ...authenticatedRoutes(deps), ...legacyRoutes(deps)];
}

function uploadRoutes({ serverName, uploads }: MediaRoutesDeps): readonly Route[] {
  return [
    route(uploadContent, async ({ requester, query, request }) => {
      const mediaId = await uploads.upload(uploadOf(requester.userId, query.filename, request));
      return { content_uri: mxcUri(serverName, mediaId) };
    }),
    route(createContent, async ({ requester }) => {
      const { mediaId, expiresMs } = await uploads.reserve(requester.userId);
      return { content_uri: mxcUri(serverName, mediaId), unused_expires_at: expiresMs };
    }),
    route(uploadContentToMXC, async ({ requester, params, query, request }) => {
      if (params.serverName !== serverName || !isMediaId(params.mediaId)) throw notFound('Unknown media ID');
      await uploads.uploadTo(params.mediaId, uploadOf(requester.userId, query.filename, request));
      return {};
    }),
  ];
}

function uploadOf(userId: UserId, fileName: string | undefined, { headers, bodyStream }: RequestInfo): Upload {
  const length = headers.get('Content-Length') ?? '';
  // The length of an encoded body is not that of what comes out of it.
  const isDeclared = /^\d{1,15}$/.test(length) && !headers.has('Content-Encoding');
  return {
    userId,
    type: uploadedType(headers.get('Content-Type')),
    fileName: checkedFileName(fileName),
    stream: bodyStream,
    declaredBytes: isDeclared ? Number(length) : undefined,
  };
}

function authenticatedRoutes({ downloads, maxUploadSizeBytes }: MediaRoutesDeps): readonly Route[] {
  const endpoint = { authenticated: true, allowRemote: true };
  return [
    route(getConfigAuthed, () => ({ 'm.upload.size': maxUploadSizeBytes })),
    route(getContentAuthed, ({ params, query, request, requester }) =>
      downloads.content({ ...endpoint, ...params, ...query, request, bypassQuarantine: bypasses(request, requester) }),
    ),
    route(getContentOverrideNameAuthed, ({ params, query, request, requester }) =>
      downloads.content({ ...endpoint, ...params, ...query, request, bypassQuarantine: bypasses(request, requester) }),
    ),
    route(getContentThumbnailAuthed, ({ params, query, request }) =>
      downloads.thumbnail({ ...endpoint, ...params, ...query, request }),
    ),
  ];
}

/** The endpoints without authentication serve only what was there before authentication was asked for. */
function legacyRoutes({ downloads, maxUploadSizeBytes }: MediaRoutesDeps): readonly Route[] {
  const endpoint = (query: { readonly allow_remote?: boolean }) => ({
    authenticated: false,
    allowRemote: query.allow_remote ?? true,
    bypassQuarantine: false,
  });
  return [
    route(getConfig, () => ({ 'm.upload.size': maxUploadSizeBytes })),
    route(getContent, ({ params, query, request }) =>
      downloads.content({ ...endpoint(query), ...params, ...query, request }),
    ),
    route(getContentOverrideName, ({ params, query, request }) =>
      downloads.content({ ...endpoint(query), ...params, ...query, request }),
    ),
    route(getContentThumbnail, ({ params, query, request }) =>
      downloads.thumbnail({ ...endpoint(query), ...params, ...query, request }),
    ),
  ];
}

/** Synapse's parameter for administrators who must look at what is quarantined. */
function bypasses(request: RequestInfo, requester: Requester): boolean {
  if (request.search.get('admin_unsafely_bypass_quarantine') !== 'true') return false;
  if (requester.isAdmin) return true;
  throw new MatrixError('M_UNKNOWN', 'Must be a server admin to bypass quarantine', { status: 400 });
}
