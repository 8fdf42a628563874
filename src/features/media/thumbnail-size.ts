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
const MAX_SIDE = 4096;

/**
 * The target for a request: exactly that with `dynamicThumbnails`, otherwise the smallest configured size that is no smaller.
 * Where the request is larger than all of them, the best one doubled until it is large enough: few sizes, never too small.
 */
export function thumbnailTarget(wanted: ThumbnailTarget, settings: ThumbnailSettings): ThumbnailTarget {
  const bounded = { ...wanted, width: Math.min(wanted.width, MAX_SIDE), height: Math.min(wanted.height, MAX_SIDE) };
  if (settings.dynamicThumbnails) return bounded;
  const candidates = settings.thumbnailSizes.filter(({ method }) => method === bounded.method);
  const sizes = candidates.length > 0 ? candidates : settings.thumbnailSizes;
  const best = sizes.map((size) => fit(size, bounded)).sort(byPreference)[0];
  return best === undefined
    ? bounded
    : { width: best.width, height: best.height, method: best.method, animated: bounded.animated };
}

interface Fit extends ConfiguredSize {
  /** 0 where the shape is right. A crop should have the shape that was asked for; that of a scaled image is its own. */
  readonly distortion: number;
  readonly isConfigured: boolean;
}

/** The size, doubled until it is large enough. */
function fit(size: ConfiguredSize, wanted: ThumbnailTarget): Fit {
  let { width, height } = size;
  while ((width < wanted.width || height < wanted.height) && Math.max(width, height) < MAX_SIDE) {
    width *= 2;
    height *= 2;
  }
  const distortion =
    wanted.method === 'scale' ? 0 : Math.abs(Math.log((width * wanted.height) / (height * wanted.width)));
  return { width, height, method: size.method, distortion, isConfigured: width === size.width };
}

const byPreference = (a: Fit, b: Fit): number =>
  a.distortion - b.distortion ||
  Number(b.isConfigured) - Number(a.isConfigured) ||
  a.width * a.height - b.width * b.height;
