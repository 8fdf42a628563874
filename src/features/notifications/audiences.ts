import type { ByteCache } from '#platform/cache/index.ts';
import { Audience } from './audience.ts';
import type { NotificationStore } from './notification-store.ts';

/** Stored audiences, read back through a cache: they never change. */
export class Audiences {
  constructor(
    private readonly store: Pick<NotificationStore, 'audience'>,
    private readonly cache: ByteCache<number, Audience>,
  ) {}

  /** If it is in memory. */
  peek(nid: number): Audience | undefined {
    return this.cache.get(nid);
  }

  get(nid: number): Audience | Promise<Audience> {
    return this.cache.get(nid) ?? this.#load(nid);
  }

  async #load(nid: number): Promise<Audience> {
    const audience = new Audience(await this.store.audience(nid));
    this.cache.set(nid, audience, audience.sizeBytes);
    return audience;
  }
}
