import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { getConfigAuthed, getContentThumbnailAuthed, getUrlPreviewAuthed } from './authed-content-repo.ts';

/** `/_matrix/media/v3{suffix}`, with `r0` and `v1`. */
const media = (suffix: string) => ({
  path: `/_matrix/media/v3${suffix}`,
  aliases: [`/_matrix/media/r0${suffix}`, `/_matrix/media/v1${suffix}`],
});

// A server name or media id that is none names no media: 404 from the handler, so both are plain strings.
const params = { serverName: Type.String(), mediaId: Type.String() };
const fetching = {
  /** Whether to fetch content of another server. Other servers say `false`. */
  allow_remote: Type.Optional(Type.Boolean()),
  /** Whether the answer may be a redirect. */
  allow_redirect: Type.Optional(Type.Boolean()),
  /** How long to wait for content that is still to be uploaded. */
  timeout_ms: Type.Optional(Type.Integer({ minimum: 0 })),
};
const filename = Type.Object({ filename: Type.Optional(Type.String()) });

/** Uploads content. https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav3upload */
export const uploadContent = endpoint({
  operationId: 'uploadContent',
  method: 'POST',
  ...media('/upload'),
  auth: 'user',
  accepts: 'stream',
  query: filename,
  response: Type.Object({ content_uri: Type.String() }),
});

/** Reserves an `mxc:` URI, to upload to later. https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav1create */
export const createContent = endpoint({
  operationId: 'createContent',
  method: 'POST',
  path: '/_matrix/media/v1/create',
  auth: 'user',
  rateLimit: 'rc_media_create',
  response: Type.Object({
    content_uri: Type.String(),
    /** Milliseconds since the Unix epoch. */
    unused_expires_at: Type.Optional(Type.Integer()),
  }),
});

/** Uploads content to a reserved `mxc:` URI. https://spec.matrix.org/v1.19/client-server-api/#put_matrixmediav3uploadservernamemediaid */
export const uploadContentToMXC = endpoint({
  operationId: 'uploadContentToMXC',
  method: 'PUT',
  path: '/_matrix/media/v3/upload/{serverName}/{mediaId}',
  auth: 'user',
  accepts: 'stream',
  params: Type.Object(params),
  query: filename,
});

/** Content, without authentication. https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3downloadservernamemediaid */
export const getContent = endpoint({
  operationId: 'getContent',
  method: 'GET',
  ...media('/download/{serverName}/{mediaId}'),
  auth: 'none',
  guests: true,
  deprecated: true,
  params: Type.Object(params),
  query: Type.Object(fetching),
  response: Type.Unknown(),
});

/** Content under a file name of the client's choice, without authentication. https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3downloadservernamemediaidfilename */
export const getContentOverrideName = endpoint({
  operationId: 'getContentOverrideName',
  method: 'GET',
  ...media('/download/{serverName}/{mediaId}/{fileName}'),
  auth: 'none',
  guests: true,
  deprecated: true,
  params: Type.Object({ ...params, fileName: Type.String() }),
  query: Type.Object(fetching),
  response: Type.Unknown(),
});

/** A thumbnail, without authentication. https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3thumbnailservernamemediaid */
export const getContentThumbnail = endpoint({
  operationId: 'getContentThumbnail',
  method: 'GET',
  ...media('/thumbnail/{serverName}/{mediaId}'),
  auth: 'none',
  guests: true,
  deprecated: true,
  params: Type.Object(params),
  query: Type.Object({ ...getContentThumbnailAuthed.query.properties, ...fetching }),
  response: Type.Unknown(),
});

/** What the page at a URL says of itself. https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3preview_url */
export const getUrlPreview = endpoint({
  ...getUrlPreviewAuthed,
  ...media('/preview_url'),
  operationId: 'getUrlPreview',
  deprecated: true,
});

/** The limits of this content repository. https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3config */
export const getConfig = endpoint({
  ...getConfigAuthed,
  ...media('/config'),
  operationId: 'getConfig',
  deprecated: true,
});
