/** A media repository behind the real binder, on a database and a folder of its own, with a clock that stands still. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Requester } from '#api/requester.ts';
import { VirtualClock } from '#platform/clock/index.ts';
import { RATE_LIMIT_DEFAULTS } from '#platform/config/index.ts';
import { createHttpHandler, createRateLimits, type HttpHandler } from '#platform/http/index.ts';
import { createLog } from '#platform/log/index.ts';
import { createMetrics } from '#platform/metrics/index.ts';
import { seededRandom } from '#platform/random/index.ts';
import type { Storage } from '#platform/storage/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { TestEngine } from '#test/storage.ts';
import { media } from '../../../migrations/0006-media.ts';
import {
  FilesystemMediaFiles,
  type MediaFeature,
  type MediaFeatureDeps,
  mediaFeature,
  noRemoteMedia,
} from './index.ts';

export const SERVER_NAME = 'example.org' as ServerName;
export const ALICE = '@alice:example.org' as UserId;
export const BOB = '@bob:example.org' as UserId;

const CONFIG: MediaFeatureDeps['config'] = {
  enableAuthenticatedMedia: true,
  maxUploadSizeBytes: 1_000_000,
  maxImagePixels: 4_000_000,
  thumbnailSizes: [
    { width: 32, height: 32, method: 'crop' },
    { width: 96, height: 96, method: 'crop' },
    { width: 320, height: 240, method: 'scale' },
    { width: 640, height: 480, method: 'scale' },
  ],
  dynamicThumbnails: false,
  maxPendingUploads: 3,
  unusedExpirationMs: 3_600_000,
  uploadLimits: [],
  preventDownloadsFrom: [],
  localMediaLifetimeMs: undefined,
};

export interface RepositoryOptions extends Partial<Pick<MediaFeatureDeps, 'remoteMedia' | 'avatarsInUse'>> {
  readonly config?: Partial<MediaFeatureDeps['config']>;
}

interface Sent {
  /** A user's localpart; nobody if left out. */
  readonly as?: string;
  readonly body?: BodyInit | null;
  readonly headers?: Record<string, string>;
}

export class TestRepository {
  readonly clock = new VirtualClock();
  readonly folder = mkdtempSync(join(tmpdir(), 'myelin-media-'));
  readonly files: FilesystemMediaFiles;
  readonly feature: MediaFeature;
  readonly handle: HttpHandler;

  private constructor(
    readonly storage: Storage,
    options: RepositoryOptions,
  ) {
    const { clock } = this;
    const random = seededRandom('media');
    const log = createLog({ level: 'silent' });
    this.files = new FilesystemMediaFiles({ folder: this.folder, random, clock });
    this.feature = mediaFeature({
      serverName: SERVER_NAME,
      config: { ...CONFIG, ...options.config },
      storage,
      files: this.files,
      remoteMedia: options.remoteMedia ?? noRemoteMedia,
      avatarsInUse: options.avatarsInUse ?? (async () => new Set()),
      clock,
      random,
      log,
    });
    this.handle = createHttpHandler({
      routes: this.feature.routes,
      authenticate: {
        user: async (token) => requesterOf(token),
        appservice: () => Promise.reject(new Error('no appservices here')),
        server: () => Promise.reject(new Error('no servers here')),
      },
      rateLimits: createRateLimits({ limits: RATE_LIMIT_DEFAULTS, clock }),
      log,
      metrics: createMetrics(),
      clock,
      random,
    });
  }

  static async open(engine: TestEngine, options: RepositoryOptions = {}): Promise<TestRepository> {
    return new TestRepository(await engine.open([media]), options);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  request(method: string, path: string, { as, body = null, headers = {} }: Sent = {}): Promise<Response> {
    const authorization: Record<string, string> = as === undefined ? {} : { Authorization: `Bearer ${as}` };
    const init = { method, headers: { ...authorization, ...headers }, body };
    return this.handle(new Request(`http://${SERVER_NAME}${path}`, init), { ip: '203.0.113.7' });
  }

  /** Uploads as Alice; answers the media id. */
  async upload(
    body: BodyInit,
    { type, name, as = 'alice' }: { type?: string; name?: string; as?: string } = {},
  ): Promise<string> {
    const query = name === undefined ? '' : `?filename=${encodeURIComponent(name)}`;
    const headers: Record<string, string> = type === undefined ? {} : { 'Content-Type': type };
    const response = await this.request('POST', `/_matrix/media/v3/upload${query}`, { as, body, headers });
    const answer = (await response.json()) as { content_uri?: string };
    const mediaId = answer.content_uri?.replace(`mxc://${SERVER_NAME}/`, '');
    if (mediaId === undefined) throw new Error(`no upload: ${response.status} ${JSON.stringify(answer)}`);
    return mediaId;
  }

  /** Reserves a media id as Alice. */
  async reserve(as = 'alice'): Promise<string> {
    const response = await this.request('POST', '/_matrix/media/v1/create', { as });
    return ((await response.json()) as { content_uri: string }).content_uri.split('/').at(-1) ?? '';
  }

  download(mediaId: string, rest = '', sent: Sent = {}): Promise<Response> {
    return this.request('GET', `/_matrix/client/v1/media/download/${SERVER_NAME}/${mediaId}${rest}`, {
      as: 'bob',
      ...sent,
    });
  }

  thumbnail(mediaId: string, query: string, sent: Sent = {}): Promise<Response> {
    const path = `/_matrix/client/v1/media/thumbnail/${SERVER_NAME}/${mediaId}?${query}`;
    return this.request('GET', path, { as: 'bob', ...sent });
  }

  /** Moves time forward until something settles. */
  async during<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    for (let round = 0; !settled && round < 2000; round++) {
      await this.clock.advance(250);
      await new Promise((resolve) => setImmediate(resolve));
      // A database's answer takes real time.
      await Bun.sleep(1);
    }
    return promise;
  }

  /** The files there are, relative to the folder, in order. */
  list(): string[] {
    const names = readdirSync(this.folder, { recursive: true }) as string[];
    return names.filter((name) => statSync(join(this.folder, name)).isFile()).sort();
  }
}

/** `404 M_NOT_FOUND`, or `200`. */
export async function outcome(response: Response | Promise<Response>): Promise<string> {
  const { status, ok, ...rest } = {
    status: (await response).status,
    ok: (await response).ok,
    response: await response,
  };
  if (ok) return String(status);
  return `${status} ${((await rest.response.json()) as { errcode: string }).errcode}`;
}

/** Tokens are localparts; `admin`, `guest` and `suspended` are what they say. */
function requesterOf(token: string): Requester {
  if (token === 'nobody') throw new MatrixError('M_UNKNOWN_TOKEN', 'Unknown access token');
  return {
    userId: `@${token}:${SERVER_NAME}` as UserId,
    deviceId: undefined,
    tokenId: undefined,
    isGuest: token === 'guest',
    isAdmin: token === 'admin',
    isSuspended: token === 'suspended',
    isShadowBanned: false,
    appserviceId: undefined,
  };
}

/** A stream of these pieces; with `breaksOff`, one that fails after them. */
export function streamOf(pieces: readonly Uint8Array[], breaksOff = false): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const piece = pieces[next++];
      if (piece !== undefined) controller.enqueue(piece);
      else if (breaksOff) controller.error(new Error('connection reset'));
      else controller.close();
    },
  });
}
