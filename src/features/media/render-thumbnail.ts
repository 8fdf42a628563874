import type { Metadata, Sharp } from 'sharp';
import { MatrixError } from '#protocol/errors.ts';
import type { ThumbnailTarget } from './thumbnail-size.ts';

/** The decoders that untrusted bytes may reach: all others stay shut, whatever a file claims to be. */
const DECODERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'].flatMap((format) =>
  ['File', 'Buffer'].map((source) => `VipsForeignLoad${format}${source}`),
);
/** What clients are sure to show: an original of these need not be encoded anew. */
const PLAIN_FORMATS: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp', 'gif']);
const TIMEOUT_SECONDS = 30;
const QUALITY = 80;

/** A made thumbnail, or `original`: the source is no larger than what was asked for and is served as it is. */
export type Rendered =
  | { readonly kind: 'thumbnail'; readonly type: string; readonly bytes: Uint8Array }
  | { readonly kind: 'original'; readonly type: string };

/** What a source looks like once it is upright. */
interface Source {
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly hasAlpha: boolean;
  readonly isUpright: boolean;
}

let loading: ReturnType<typeof loadSharp> | undefined;

/**
 * The image library, loaded with the first image: many a server never has one made smaller, or not for long. Set up once:
 * an image that is being read while decoders are shut and opened again would be refused.
 */
function imageLibrary(): ReturnType<typeof loadSharp> {
  loading ??= loadSharp();
  return loading;
}

async function loadSharp() {
  const { default: sharp } = await import('sharp');
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: DECODERS });
  sharp.cache(false);
  // One thread an image: the rest of the machine belongs to the server.
  sharp.concurrency(1);
  return sharp;
}

/** Makes thumbnails of PNG, JPEG, WebP, GIF and AVIF images, on the image library's own threads. */
export class ThumbnailRenderer {
  constructor(private readonly maxImagePixels: number) {}

  /**
   * Never larger than the source. 400 `M_UNKNOWN` for what is no such image, 413 `M_TOO_LARGE` for one of too many pixels,
   * which is told from its header and never decoded.
   */
  async render(path: string, target: ThumbnailTarget): Promise<Rendered> {
    try {
      const sharp = await imageLibrary();
      const source = inspect(await sharp(path, { limitInputPixels: false }).metadata());
      const pixels = source.width * source.height;
      if (pixels > this.maxImagePixels) throw new MatrixError('M_TOO_LARGE', 'Content is too large to thumbnail');
      const animated = target.animated && source.frames > 1 && pixels * source.frames <= this.maxImagePixels;
      if (isServable(source, target, animated)) return { kind: 'original', type: `image/${source.format}` };
      return await this.#encode(path, source, target, animated);
    } catch (error) {
      if (error instanceof MatrixError) throw error;
      throw cannotThumbnail();
    }
  }

  async #encode(path: string, source: Source, target: ThumbnailTarget, animated: boolean): Promise<Rendered> {
    const sharp = await imageLibrary();
    const image = sharp(path, { limitInputPixels: this.maxImagePixels, animated, failOn: 'error' })
      .timeout({ seconds: TIMEOUT_SECONDS })
      .autoOrient()
      .resize({
        width: Math.min(target.width, source.width),
        height: Math.min(target.height, source.height),
        fit: target.method === 'crop' ? 'cover' : 'inside',
        withoutEnlargement: target.method === 'scale',
      });
    const { type, encoded } = encode(image, source, animated);
    return { kind: 'thumbnail', type, bytes: await encoded.toBuffer() };
  }
}

function inspect({ format, width, height, pageHeight, pages, hasAlpha, orientation = 1 }: Metadata): Source {
  if (width <= 0 || height <= 0) throw cannotThumbnail();
  const isSideways = orientation >= 5;
  const frameHeight = pageHeight ?? height;
  return {
    format,
    width: isSideways ? frameHeight : width,
    height: isSideways ? width : frameHeight,
    frames: pages ?? 1,
    hasAlpha,
    isUpright: orientation === 1,
  };
}

/** A still must not move: an animated original is none. */
function isServable(source: Source, target: ThumbnailTarget, animated: boolean): boolean {
  const fits = source.width <= target.width && source.height <= target.height;
  return fits && source.isUpright && PLAIN_FORMATS.has(source.format) && (source.frames === 1 || animated);
}

function encode(image: Sharp, source: Source, animated: boolean): { type: string; encoded: Sharp } {
  if (animated) return { type: 'image/webp', encoded: image.webp({ quality: QUALITY }) };
  const isDrawing = source.format === 'png' || source.format === 'gif';
  if (isDrawing || source.hasAlpha) return { type: 'image/png', encoded: image.png() };
  return { type: 'image/jpeg', encoded: image.jpeg({ quality: QUALITY }) };
}

const cannotThumbnail = (): MatrixError =>
  new MatrixError('M_UNKNOWN', 'Cannot generate thumbnails for the requested content', { status: 400 });
