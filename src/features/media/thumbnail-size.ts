/** Which thumbnail answers a request. https://spec.matrix.org/v1.19/client-server-api/#thumbnails */

export type ThumbnailMethod = 'crop' | 'scale';

/** What a thumbnail is made for: a box in pixels, and how to fill it. */
export interface ThumbnailTarget {
  readonly width: number;
  readonly height: number;
  readonly method: ThumbnailMethod;
  /** Whether motion is kept. */
  readonly animated: boolean;
}

/** `320-240-scale`: different for different targets, and fit for a file name. */
export const targetName = ({ width, height, method, animated }: ThumbnailTarget): string =>
  `${width}-${height}-${method}${animated ? '-animated' : ''}`;

export interface ConfiguredSize {
  readonly width: number;
  readonly height: number;
  readonly method: ThumbnailMethod;
}

export interface ThumbnailSettings {
  readonly thumbnailSizes: readonly ConfiguredSize[];
  /** Whether to make exactly what is asked for. */
  readonly dynamicThumbnails: boolean;
}

/** No side of a thumbnail is longer. */
export const MAX_SIDE = 4096;

/**
 * The target for a request: exactly that with `dynamicThumbnails`, otherwise the smallest configured size that is no smaller.
 * Where the request is larger than all of them, the best one doubled until it is large enough: few sizes, never too small.
 */
export function thumbnailTarget(wanted: ThumbnailTarget, settings: ThumbnailSettings): ThumbnailTarget {
  const bounded = { ...wanted, width: Math.min(wanted.width, MAX_SIDE), height: Math.min(wanted.height, MAX_SIDE) };
  if (settings.dynamicThumbnails) return bounded;
  const candidates = settings.thumbnailSizes.filter(({ method }) => method === bounded.method);
  const sizes = candidates.length > 0 ? candidates : settings.thumbnailSizes;
  const fitting = sizes.map((size) => doubled(size, bounded));
  const best = fitting.sort(
    (a, b) => rank(a, bounded) - rank(b, bounded) || a.width * a.height - b.width * b.height,
  )[0];
  return best === undefined ? bounded : { ...best, animated: bounded.animated };
}

function doubled(size: ConfiguredSize, wanted: ThumbnailTarget): ConfiguredSize {
  let { width, height } = size;
  while ((width < wanted.width || height < wanted.height) && Math.max(width, height) < MAX_SIDE) {
    width *= 2;
    height *= 2;
  }
  return { ...size, width, height };
}

/** A crop should have the shape that was asked for; the shape of a scaled image is its own. */
function rank(size: ConfiguredSize, wanted: ThumbnailTarget): number {
  if (wanted.method === 'scale') return 0;
  return Math.abs(Math.log((size.width * wanted.height) / (size.height * wanted.width)));
}
