import type { Ending } from '#api/endpoint.ts';
import type { Streams } from '#platform/streams/index.ts';
import { type AnswerDependencies, buildAnswer, quietAnswer } from './sync-answer.ts';
import type { SyncRequest } from './sync-request.ts';

export interface SyncDependencies extends AnswerDependencies {
  readonly streams: Streams;
}

/**
 * Answers a `/sync`: at once when there is something to tell, else when there is, or when the client's time is up. While it
 * waits it costs nothing. Resolves with the response body.
 */
export async function answerSync(
  request: SyncRequest,
  dependencies: SyncDependencies,
  ending: Ending,
): Promise<string> {
  const { streams, sources, clock } = dependencies;
  const { userId, deviceId } = request;
  const touching = sources.presence.touch(userId, deviceId, request.setPresence, request.timeoutMs);
  if (touching instanceof Promise) await touching;
  // A token of the future says nothing: it is not waited for and not believed.
  const since = request.since === undefined ? undefined : Math.min(request.since, streams.current());
  if (since !== undefined && deviceId !== undefined) {
    const dropping = sources.toDevice.acknowledge(userId, deviceId, since);
    if (dropping instanceof Promise) await dropping;
  }
  const bounded = { ...request, since };
  const deadline = clock.monotonic() + request.timeoutMs;
  // The user's rooms must be in memory before waiting, or nothing in them would wake this request.
  const loading = dependencies.stores.joined.of(userId);
  if (loading instanceof Promise) await loading;
  for (;;) {
    const upTo = streams.current();
    const remainingMs = deadline - clock.monotonic();
    const isLast = since === undefined || request.fullState || remainingMs <= 0 || ending.aborted;
    const isQuiet = since !== undefined && !request.fullState && !streams.mayHaveWoken(userId, since);
    if (isLast || !isQuiet) {
      // Also when there is nothing new: so the token moves on past what concerned others.
      const answer = await (isQuiet ? quietAnswer : buildAnswer)(bounded, upTo, dependencies);
      if (isLast || !answer.isEmpty) return answer.text;
    }
    await streams.waitForUser(userId, upTo, remainingMs, ending);
  }
}
