import type { Clock } from '#platform/clock/index.ts';
import { MatrixError, notFound } from '#protocol/errors.ts';
import type { AccessTimes } from './access-times.ts';
import type { Arrivals } from './arrivals.ts';
import type { MediaContent } from './media-content.ts';
import { isMediaId } from './media-id.ts';
import type { LocalMedia, MediaStore } from './media-store.ts';

/** How often one who waits looks again: the upload may come in through another process. */
const POLL_MS = 1000;

export interface LocalMediaRequest {
  readonly mediaId: string;
  /** How long to wait for content that is still to be uploaded. */
  readonly timeoutMs: number;
  /** Whether the one who asks has authenticated. */
  readonly authenticated: boolean;
  /** For administrators. */
  readonly bypassQuarantine: boolean;
  readonly signal: AbortSignal;
}

interface LocalMediaFinderDeps {
  readonly store: MediaStore;
  readonly arrivals: Arrivals;
  readonly accessTimes: AccessTimes;
  readonly clock: Clock;
  /** Whether media flagged as authenticated are withheld from the legacy endpoints. */
  readonly enableAuthenticatedMedia: boolean;
}

/** Finds media of this server for those who may have them. */
export class LocalMediaFinder {
  constructor(private readonly deps: LocalMediaFinderDeps) {}

  /** 404 `M_NOT_FOUND` when there is nothing for the asker, 504 `M_NOT_YET_UPLOADED` when there is nothing yet. */
  async find(request: LocalMediaRequest): Promise<MediaContent> {
    const { accessTimes, enableAuthenticatedMedia } = this.deps;
    const { mediaId, bypassQuarantine } = request;
    const media = isMediaId(mediaId) ? await this.#awaitContent(request) : undefined;
    if (media?.content === undefined) throw noSuchMedia();
    if (media.quarantinedBy !== undefined && !bypassQuarantine) throw noSuchMedia();
    if (enableAuthenticatedMedia && media.authenticated && !request.authenticated) throw noSuchMedia();
    accessTimes.record(mediaId);
    return media.content;
  }

  async #awaitContent({ mediaId, timeoutMs, signal }: LocalMediaRequest): Promise<LocalMedia | undefined> {
    const { store, arrivals, clock } = this.deps;
    const untilMs = clock.monotonic() + timeoutMs;
    for (;;) {
      // Subscribed before the look, so that what comes in between is not missed.
      const look = new AbortController();
      const unsubscribe = arrivals.subscribe(mediaId, () => look.abort());
      try {
        const media = await store.find(mediaId);
        if (media === undefined || media.content !== undefined) return media;
        if ((media.expiresMs ?? 0) <= clock.now()) return undefined;
        const leftMs = untilMs - clock.monotonic();
        if (leftMs <= 0 || signal.aborted) {
          throw new MatrixError('M_NOT_YET_UPLOADED', 'Media has not been uploaded yet');
        }
        await clock.sleep(Math.min(leftMs, POLL_MS), AbortSignal.any([look.signal, signal]));
      } finally {
        unsubscribe();
      }
    }
  }
}

export const noSuchMedia = (): MatrixError => notFound('No such media');
