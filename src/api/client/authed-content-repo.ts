import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v1 } from '../paths.ts';
import { openObject } from '../schemas.ts';

// A server name or media id that is none names no media: 404 from the handler, so both are plain strings.
const media = { serverName: Type.String(), mediaId: Type.String() };
const fetching = {
  /** How long to wait for content that is still to be uploaded. */
  timeout_ms: Type.Optional(Type.Integer({ minimum: 0 })),
};

/** Content by its `mxc:` URI. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediadownloadservernamemediaid */
export const getContentAuthed = endpoint({
  operationId: 'getContentAuthed',
  method: 'GET',
  ...v1('/media/download/{serverName}/{mediaId}'),
  auth: 'user',
  guests: true,
  params: Type.Object(media),
  query: Type.Object(fetching),
  response: Type.Unknown(),
});

/** Content under a file name of the client's choice. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediadownloadservernamemediaidfilename */
export const getContentOverrideNameAuthed = endpoint({
  operationId: 'getContentOverrideNameAuthed',
  method: 'GET',
  ...v1('/media/download/{serverName}/{mediaId}/{fileName}'),
  auth: 'user',
  guests: true,
  params: Type.Object({ ...media, fileName: Type.String() }),
  query: Type.Object(fetching),
  response: Type.Unknown(),
});

/** A thumbnail of an image. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediathumbnailservernamemediaid */
export const getContentThumbnailAuthed = endpoint({
  operationId: 'getContentThumbnailAuthed',
  method: 'GET',
  ...v1('/media/thumbnail/{serverName}/{mediaId}'),
  auth: 'user',
  guests: true,
  params: Type.Object(media),
  query: Type.Object({
    ...fetching,
    /** Pixels wanted, as is `height`; what comes may be larger. */
    width: Type.Integer(),
    height: Type.Integer(),
    /** `crop`, or anything else for `scale`. */
    method: Type.Optional(Type.String()),
    animated: Type.Optional(Type.Boolean()),
  }),
  response: Type.Unknown(),
});

/** What the page at a URL says of itself. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediapreview_url */
export const getUrlPreviewAuthed = endpoint({
  operationId: 'getUrlPreviewAuthed',
  method: 'GET',
  ...v1('/media/preview_url'),
  auth: 'user',
  rateLimit: 'rc_read',
  query: Type.Object({
    url: Type.String(),
    /** Milliseconds since the Unix epoch: the preview as it was then, where there is one. */
    ts: Type.Optional(Type.Integer()),
  }),
  response: openObject({
    /** Bytes of `og:image`. */
    'matrix:image:size': Type.Optional(Type.Integer()),
    /** An `mxc:` URI. */
    'og:image': Type.Optional(Type.String()),
  }),
});

/** The limits of this content repository. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediaconfig */
export const getConfigAuthed = endpoint({
  operationId: 'getConfigAuthed',
  method: 'GET',
  ...v1('/media/config'),
  auth: 'user',
  response: openObject({
    /** Bytes. */
    'm.upload.size': Type.Optional(Type.Integer()),
  }),
});
