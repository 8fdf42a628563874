import type { Clock } from '#platform/clock/index.ts';
import type { Statement, Transactor } from '#platform/storage/index.ts';
import type { JsonValue } from '#protocol/json.ts';
import type { UiaStore } from './uia-store.ts';

const SESSION_LIFETIME_MS = 48 * 3_600_000;
const CHUNK = 500;

interface SweepDeps {
  readonly store: UiaStore;
  readonly transactor: Pick<Transactor, 'commit'>;
  readonly clock: Clock;
}

/** Deletes sessions of more than two days. `release` says how a completed stage gives back what it holds. */
export async function sweepSessions(
  { store, transactor, clock }: SweepDeps,
  release: (stage: string, result: JsonValue) => readonly Statement[],
): Promise<void> {
  for (;;) {
    const expired = await store.olderThan(clock.now() - SESSION_LIFETIME_MS, CHUNK);
    const held = await Promise.all(
      // What an operation that was done has used up is not given back.
      expired.map(async ({ sessionId, isDone }) => (isDone ? [] : [...(await store.stagesOf(sessionId))])),
    );
    await transactor.commit((batch) => {
      for (const { sessionId } of expired) for (const statement of store.remove(sessionId)) batch.add(statement);
      for (const [stage, result] of held.flat()) for (const statement of release(stage, result)) batch.add(statement);
    });
    if (expired.length < CHUNK) return;
  }
}
