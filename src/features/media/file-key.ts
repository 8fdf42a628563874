import type { MediaArea } from './media-content.ts';
import { isMediaId } from './media-id.ts';
import { type ThumbnailTarget, targetName } from './thumbnail-size.ts';

declare const brand: unique symbol;
/** The name of a file of the media store: segments joined by `/`, none of which came unchecked from outside. */
export type FileKey = string & { readonly [brand]: 'FileKey' };

/** `local/ab/cd/rest`. */
export function contentKey(area: MediaArea, fileId: string): FileKey {
  return `${area}/${spread(fileId)}` as FileKey;
}

/** `local_thumbnails/ab/cd/rest/320-240-scale`. */
export function thumbnailKey(area: MediaArea, fileId: string, target: ThumbnailTarget): FileKey {
  return `${area}_thumbnails/${spread(fileId)}/${targetName(target)}` as FileKey;
}

/** Two levels of folders, so that none grows large. */
function spread(fileId: string): string {
  if (!isMediaId(fileId) || fileId.length < 5) throw new Error(`not a file id: ${JSON.stringify(fileId)}`);
  return `${fileId.slice(0, 2)}/${fileId.slice(2, 4)}/${fileId.slice(4)}`;
}
