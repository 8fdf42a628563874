import { BatchConflict } from '#platform/storage/index.ts';
import type { StreamBatch, Streams } from '#platform/streams/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { localpartOf } from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';
import { checkSize } from './profile-field.ts';
import type { ProfilePropagation } from './profile-propagation.ts';
import type { ProfileStore } from './profile-store.ts';

/** What a join says of its user. */
export interface ProfileNames {
  readonly displayName: string | undefined;
  readonly avatarUrl: string | undefined;
}

/** Called in the batch of every change of a name or avatar; `undefined` for a user who has no profile any more. */
export type ProfileHook = (batch: StreamBatch, userId: UserId, profile: ProfileNames | undefined) => void;

export interface ProfilesDeps {
  readonly store: ProfileStore;
  readonly streams: Streams;
  readonly propagation: ProfilePropagation;
  readonly hooks: readonly ProfileHook[];
}

/** The fields that stand in member events too. */
const IN_MEMBER_EVENTS = ['displayname', 'avatar_url'];
/** Changes of one profile at the same time, of which one gets through each time. */
const ATTEMPTS = 20;

/** The profiles of this server's users. */
export class Profiles {
  constructor(private readonly deps: ProfilesDeps) {}

  /** All fields, `undefined` for a user without a profile. */
  async fieldsOf(userId: UserId): Promise<JsonObject | undefined> {
    return (await this.deps.store.find(userId))?.fields;
  }

  /** What a membership event of the user says of them; both `undefined` for whoever has no profile here. */
  async namesOf(userId: UserId): Promise<ProfileNames> {
    return (await this.deps.store.names(userId)) ?? { displayName: undefined, avatarUrl: undefined };
  }

  /**
   * Sets a field, or removes it where `value` is `undefined`. `propagate`: whether the user's rooms are to follow.
   * @throws MatrixError 400 `M_PROFILE_TOO_LARGE`.
   */
  async setField(userId: UserId, key: string, value: JsonValue | undefined, propagate: boolean): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.deps.store.find(userId);
      const { [key]: old, ...others } = before?.fields ?? {};
      if (value === undefined ? old === undefined : JSON.stringify(old) === JSON.stringify(value)) return;
      const fields = value === undefined ? others : { ...others, [key]: value };
      if (value !== undefined) checkSize(fields);
      try {
        await this.deps.streams.commit((batch) => {
          batch.add(this.deps.store.save(userId, fields, before?.revision), 1);
          if (IN_MEMBER_EVENTS.includes(key)) this.#nameChanged(batch, userId, key, fields, propagate);
        });
        return;
      } catch (error) {
        if (!(error instanceof BatchConflict) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** In the batch that makes an account. Its display name is at first its localpart. */
  accountCreated(batch: StreamBatch, userId: UserId, displayName: string = localpartOf(userId)): void {
    batch.add(this.deps.store.insertIfNew(userId, displayName));
    this.#tell(batch, userId, { displayName, avatarUrl: undefined });
  }

  /** In the batch that deactivates an account: with `erase`, nothing of the profile stays. */
  accountDeactivated(batch: StreamBatch, userId: UserId, { erase }: { readonly erase: boolean }): void {
    batch.add(this.deps.store.dropPending(userId));
    if (!erase) return;
    batch.add(this.deps.store.remove(userId));
    this.#tell(batch, userId, undefined);
  }

  #nameChanged(batch: StreamBatch, userId: UserId, key: string, fields: JsonObject, propagate: boolean): void {
    const { displayname, avatar_url: avatarUrl } = fields;
    this.#tell(batch, userId, {
      displayName: typeof displayname === 'string' ? displayname : undefined,
      avatarUrl: typeof avatarUrl === 'string' ? avatarUrl : undefined,
    });
    if (!propagate) return;
    // Any number that does not repeat: it tells this change from those after it.
    batch.add(this.deps.store.addPending(userId, key, batch.nextPosition()));
    batch.afterCommit(() => this.deps.propagation.start(userId));
  }

  #tell(batch: StreamBatch, userId: UserId, profile: ProfileNames | undefined): void {
    for (const hook of this.deps.hooks) hook(batch, userId, profile);
  }
}
